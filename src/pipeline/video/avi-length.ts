/** Whether an AVI is all there: FFmpeg reads one that is cut short to its end and says nothing. */
import { open } from "node:fs/promises";

/** True where a chunk of the file at `path` (RIFF; more than one of OpenDML) ends beyond it. Unknown lengths are 0. */
export async function isAviCutShort(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    for (let at = 0; at < size; ) {
      const head = Buffer.alloc(8);
      const { bytesRead } = await file.read(head, 0, head.length, at);
      if (bytesRead < head.length || head.toString("latin1", 0, 4) !== "RIFF") return false;
      const length = head.readUInt32LE(4);
      if (length === 0) return false;
      at += head.length + length + (length % 2);
      if (at - (length % 2) > size) return true;
    }
    return false;
  } finally {
    await file.close();
  }
}
