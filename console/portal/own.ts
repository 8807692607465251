// The affiliate of the portal.
import { useSession } from '../wire/session.ts';

/** The affiliate that everything is confined to. Only below a session that has one. */
export function useAffiliate(): { id: string; name: string } {
  return useSession().data!.affiliate!;
}
