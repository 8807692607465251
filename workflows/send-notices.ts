// Sends notices to people's channels. Runs by schedule; each run sends a bounded number of
// messages.
import { upkeep } from './steps.ts';

export async function sendNotices(): Promise<{ sent: number; failed: number }> {
  return upkeep.sendNotices();
}
