// Streams long answers part by part, no faster than the caller reads.
import type { Response } from 'express';

/**
 * Writes the parts and ends the answer. A failure before the first part is thrown; a later one
 * breaks the connection.
 */
export async function answerInParts(
  res: Response,
  type: string,
  parts: AsyncIterable<string> | Iterable<string>,
): Promise<void> {
  for await (const part of parts) {
    // The caller hung up.
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
