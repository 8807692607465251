// Streams long answers part by part, no faster than the caller reads.
import type { Response } from 'express';

/**
 * Writes the parts and ends. What fails before the first part is thrown as usual; what fails later
 * breaks the connection off.
 */
export async function answerInParts(
  res: Response,
  type: string,
  parts: AsyncIterable<string>,
): Promise<void> {
  for await (const part of parts) {
    // A caller who hangs up is no failure of ours.
    if (res.closed) return;
    if (!res.headersSent) res.type(type);
    if (res.write(part)) continue;
    await new Promise<void>((resolve) => {
      const goOn = (): void => {
        res.off('drain', goOn).off('close', goOn);
        resolve();
      };
      res.on('drain', goOn).on('close', goOn);
    });
  }
  res.end();
}
