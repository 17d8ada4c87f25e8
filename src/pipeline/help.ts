/** The text of --help: a command's table of options, and of `deblur` itself what a script needs to know. */
import type { Command } from "./commands/command.ts";
import { namedCommands, reservedNames, unnamedCommand } from "./commands/commands.ts";
import { flagOf, type OptionRow } from "./option-table.ts";

type Rows = readonly (readonly [key: string, row: OptionRow<unknown>])[];

/** Fits 100 columns and ends with a newline. */
export function helpText(command: Command): string {
  const { usage, about } = command;
  const own = `${about}\n\n${optionTables(command)}`;
  if (command !== unnamedCommand) return `Usage: ${usage}\n\n${own}`;
  const commands = inColumns(namedCommands.map((one) => [shortUsage(one), one.summary]));
  return `Usage: ${usage}
       deblur IN… -o DIR [options]
       deblur COMMAND …

${own}
Commands (deblur COMMAND --help tells their options):
${commands}
${after}`;
}

/** The common options first; the others apart, where a command has any. */
function optionTables({ options }: Command): string {
  const rows: Rows = Object.entries(options);
  const common = rows.filter(([, { common }]) => common);
  const rest = rows.filter(([, { common }]) => !common);
  const column = Math.max(...rows.map(([key, row]) => written(key, row).length));
  const table = (some: Rows) =>
    inColumns(
      some.map(([key, row]) => [written(key, row), meaning(row)]),
      column,
    );
  const first = `Options [what holds when nothing is said]:\n${table(common)}\n`;
  return rest.length === 0 ? first : `${first}\nMore options:\n${table(rest)}\n`;
}

/** Pairs of a left and a right text, one a line, the right ones below each other. */
function inColumns(
  rows: readonly (readonly [left: string, right: string])[],
  widest = Math.max(...rows.map(([left]) => left.length)),
): string {
  return rows.map(([left, right]) => `  ${left.padEnd(widest + 2)}${right}`).join("\n");
}

function shortUsage({ usage }: Command): string {
  return usage.replace(/^deblur /, "").replace(/ \[options\]$/, "");
}

function written(key: string, row: OptionRow<unknown>): string {
  const short = row.short === undefined ? "    " : `-${row.short}, `;
  return `${short}${flagOf(key)}${row.value === undefined ? "" : ` ${row.value}`}`;
}

function meaning(row: OptionRow<unknown>): string {
  const value = "default" in row ? row.default : undefined;
  const unsaid = row.otherwise ?? (typeof value === "boolean" ? undefined : value);
  return unsaid === undefined ? row.help : `${row.help} [${unsaid}]`;
}

const after = `
Pipes: what comes from standard input is kept in a hidden folder beside OUT, what goes to standard
output in one where temporary files go; it goes out when it is finished. A terminal gets no picture.

Videos: a YUV4MPEG2 stream (its first bytes say so) or .y4m file goes through as it comes, frame by
frame: header and frame lines byte for byte, every frame in order. --format rawvideo is samples
without a header. .mp4 .m4v .mov .mkv .webm .avi need ffmpeg and ffprobe in PATH: sound is copied,
the frame rate must be constant, pictures are encoded by x264 (-crf 16; AVI and WebM by FFmpeg's
default).

Folders: hidden files, and files without a picture's suffix, are passed over and counted; a file
that is named is always tried. Links to folders are not followed. Two inputs may not become one
output, an output may not be an input. The shell expands patterns; where quotes keep it from that,
Node 22 and later expand them here.

Runs of more than 32 tiles keep what they have in a hidden folder, .OUT.deblur, until OUT is made.
Whatever ends such a run (a signal, a full disk, a power cut), the same command goes on where it
was; with other options or another input it is refused. One process at a time makes an OUT.

With --memory, tiles are as large and as many as fit; what does not suffice is refused with what
would. It counts all the process takes, a tenth more or less. Before a run begins, the disk of OUT
must have room for it. How long it takes is told after the first tiles.

Progress goes to standard error: a bar on a terminal, otherwise a line every 10 %. With --json it is
one JSON object a line; each has "version": 1 and "event":
  found    files, hidden, others (of several pictures, and what was passed over)
  start    input, output, file, files, width, height, channels, bits, radiometry {colours,
           range, …}, engine, preset, tile, halo, inFlight, tiles, tilesKept (of an
           earlier run), memory {expected, most}, disk {needed, available} (all bytes), tileWidth,
           tileHeight
  tile     input, index, rect {x, y, width, height}, copied (left blurry), flat (nothing
           to restore), done, tiles, seconds, secondsLeft
  frame    input, done, frames, seconds (of a video, in place of tile; its start has form, matrix,
           levels, rate, frames, framesInFlight and its done has frames, copied as a count)
  note     input, message
  done     input, output, width, height, tiles, copied (a list of rect), flat (a count),
           seconds
  error    message, name, exitCode; for one of several pictures input and output, for a tile rect
           and stage
  summary  files, failed, seconds
What commands print goes to standard output.

Exit codes: 0 done, 1 failed, 2 wrong usage, 65 damaged input or weights, 66 no input,
69 engine or weights not available, 73 output exists or cannot be made, 74 reading or writing
failed, 75 no answer in time (try again), 129, 130, 143 ended by SIGHUP, SIGINT, SIGTERM, 141 the
reader of standard output went away. Of several pictures: 0 if all are done, the code of those that
failed if it is the same, else 1.

A first operand that is a command's name is that command. Names of commands to come
(${reservedNames.join(", ")}) are refused; write ./run for a file called run.

Examples:
  deblur photo.jpg -o sharp.jpg
  deblur scan.tif -o scan-sharp.tif --bits 16
  deblur photos/ -o sharp/
  deblur *.jpg -o sharp/ --format png
  curl -s https://example.org/a.jpg | deblur - -o - | convert - -resize 50% small.jpg
  ffmpeg -i in.mp4 -f yuv4mpegpipe - | deblur - -o - | ffmpeg -i - out.mp4
  deblur in.mp4 -o out.mp4
  deblur large.tif -o sharp.tif --json 2> progress.ndjson
`;
