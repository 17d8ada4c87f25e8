/** What `deblur help TOPIC` says: what is too long for --help, and what scripts need to know. */

interface Topic {
  /** In a few words, for the list of topics. */
  readonly summary: string;
  /** Fits 100 columns and ends without a newline. */
  readonly text: string;
}

export const topics: Readonly<Record<string, Topic>> = {
  pipes: {
    summary: "standard input and output",
    text: `IN and OUT may be -, for standard input and output. The format of IN is found in its bytes; what is
written has the same unless --format says another. Nothing is written before the picture is
finished: standard input is kept in a hidden folder beside OUT until then, what goes to standard
output in one where temporary files go. A picture is not written to a terminal. If the reader
goes away the command ends without a word, with exit code 141.`,
  },
  folders: {
    summary: "several pictures: what is taken, and going on",
    text: `With several IN, or a folder, OUT is a folder. Pictures keep their places, names and formats; with
--format the suffix changes. A picture that fails is reported, and the others are finished.

In a folder hidden files, files not named as pictures and links to folders are passed over, counted,
and with --json named; a file given by its name is always tried. Two inputs may not become one
output, an output may not be an input. The shell expands patterns such as *.jpg; in quotes, Node 22
and later expand them here.

To go on with a folder that was not finished: the same command with --skip-existing. Pictures whose
output exists are passed over and counted; the others, half-finished ones among them, are made. An
output appears only when it is complete, so one that exists is done. The exit code is 0 where all
are done or passed over. With one picture or video it means the same; where --kernels, --sigma or
--pyramid ask for more files, all of them must be there. --force makes every output anew.`,
  },
  videos: {
    summary: "Y4M, raw samples, and files through FFmpeg",
    text: `A YUV4MPEG2 stream (known by its first bytes) or .y4m file is deblurred as it comes, frame by frame,
in order; its header and frame lines stay as they are. --format rawvideo, with --size and --pix-fmt,
is samples without a header. For .mp4 .m4v .mov .mkv .webm .avi, ffmpeg and ffprobe must be in PATH:
sound is copied, the frame rate must be constant, pictures are encoded by x264 (-crf 16; AVI and
WebM by FFmpeg's default).`,
  },
  sequences: {
    summary: "pictures in a row through pipes, and numbered pictures",
    text: `--format image2pipe takes PNGs and JPEGs one behind the other from standard input, as ffmpeg -f
image2pipe writes them, and gives each back in its own format, metadata and all:

  ffmpeg -i a.mp4 -c:v png -f image2pipe - | deblur - -o - --format image2pipe | ffmpeg -i - b.mp4

frame%04d.png (or %d) stands for numbered pictures as FFmpeg names them, from the lowest number on;
a missing one is an error. OUT is such a name, too, or a folder. Pictures whose output exists are
passed over, so the same command goes on where it was; --force makes them anew, and --no-resume
refuses them. The first picture that fails ends the run.`,
  },
  "long-runs": {
    summary: "interrupted runs go on where they were",
    text: `A run of more than 32 tiles keeps finished tiles in a hidden folder, .OUT.deblur, until OUT is made.
After a signal, a full disk or a power cut the same command goes on where it was; with other options
or another input it is refused, unless --no-resume starts over. One process at a time makes an OUT.
Smaller runs, runs with --kernels or --sigma, and runs through pipes start anew.

With --memory, tiles are as large and as many as fit; what does not suffice is refused with what
would. It counts all the process takes, a tenth more or less. Before a run begins, the disk of OUT
must have room for it; exit code 74 if not. How long it takes is told after the first tiles.

The first SIGINT (Ctrl-C), SIGTERM or SIGHUP ends a run in order, the second at once.`,
  },
  progress: {
    summary: "lines, bar, and the fields of --json",
    text: `Progress goes to standard error: a bar on a terminal, else a line every 10 %. With --json it is one
JSON object a line; each has "version": 1 and "event":
  found    files, hidden, others: of several pictures, and how many files were passed over
  skipped  input, reason (hidden, other: no picture by its name, exists: its output does); with
           exists also output, file, files
  start    input, output, file, files, width, height, channels, bits, radiometry {colours,
           range, …}, engine, preset, tile, halo, inFlight, tiles, tilesKept (from an
           earlier run), memory {expected, most}, disk {needed, available} (all bytes), tileWidth,
           tileHeight
  tile     input, index, rect {x, y, width, height}, copied (left blurry), flat (nothing
           to restore), sharp (--skip-sharp: no blur found), done, tiles, seconds, secondsLeft
  frame    input, done, frames, seconds (of a video, in place of tile; its start has form, matrix,
           levels, rate, frames, framesInFlight and its done has frames, copied as a count)
  note     input, message
  done     input, output, width, height, tiles, copied (a list of rect), flat and sharp (counts),
           seconds
  error    message, name, exitCode; for one of several pictures input, output, file and files, for
           a tile rect and stage
  summary  files, skipped, failed, seconds
What commands print goes to standard output.`,
  },
  "exit-codes": {
    summary: "what each exit code means",
    text: `  0    done
  1    failed otherwise; or several pictures failed for different reasons
  2    wrong usage
  65   damaged input or weights
  66   no such input, or it cannot be read
  69   engine or weights not available
  73   the output exists, or cannot be made there
  74   reading or writing failed
  75   no answer in time, or out of memory: try again
  129  ended by SIGHUP
  130  ended by SIGINT (Ctrl-C)
  141  the reader of standard output went away
  143  ended by SIGTERM
Of several pictures: 0 if all are done, the code of those that failed if it is the same, else 1.

A first operand that is a command's name is that command; write ./run for a file called run.`,
  },
};
