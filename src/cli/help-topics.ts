/** Holds the texts of `deblur help TOPIC`: details too long for --help, and formats for scripts. */

interface Topic {
  /** A few words for the list of topics. */
  readonly summary: string;
  /** Fits 100 columns and ends without a newline. */
  readonly text: string;
}

export const topics: Readonly<Record<string, Topic>> = {
  pipes: {
    summary: "standard input and output",
    text: `IN and OUT may be -, for standard input and output. The bytes of IN decide its format; the output
has the same format unless --format names another. Nothing is written before the picture is
finished: until then standard input is kept in a hidden folder beside OUT, and a result for standard
output in one among the temporary files. A picture is not written to a terminal. If the reader goes
away, the command ends without a message, exit code 141.`,
  },
  folders: {
    summary: "several pictures: which are taken, and how to resume",
    text: `With several IN, or a folder, OUT is a folder. Pictures keep their places, names and formats; with
--format the suffix changes. A picture that fails is reported, and the others are finished.

Hidden files, files not named as pictures and links to folders are skipped in a folder, counted, and
with --json listed; a file given by its name is always tried. Two inputs may not become one output,
and an output may not be an input. The shell expands patterns such as *.jpg; in quotes, they are
expanded by Node 22 and later.

To resume a folder: the same command with --skip-existing. It skips and counts pictures whose output
exists, and makes the others. An output appears only when it is complete, so one that exists is
finished. The exit code is 0 where all are finished or skipped. One picture or video is skipped
likewise; with --kernels, --sigma or --pyramid all files must exist. --force makes every output
again.`,
  },
  videos: {
    summary: "Y4M, raw samples, and files through FFmpeg",
    text: `A YUV4MPEG2 stream (recognised by its first bytes) or .y4m file is deblurred frame by frame, in
order; its header and frame lines are kept. --format rawvideo, with --size and --pix-fmt, means
samples without a header. For .mp4 .m4v .mov .mkv .webm .avi .ts .mts .m2ts .flv,
ffmpeg and ffprobe must be in PATH.
Sound is copied, the frame rate must be constant, and frames are encoded by x264 (-crf 16; AVI and
WebM by FFmpeg's default).`,
  },
  sequences: {
    summary: "pictures through a pipe, and numbered pictures",
    text: `--format image2pipe reads PNGs and JPEGs one after another from standard input, as ffmpeg -f
image2pipe writes them, and writes each in its own format with its metadata:

  ffmpeg -i a.mp4 -c:v png -f image2pipe - | deblur - -o - --format image2pipe | ffmpeg -i - b.mp4

frame%04d.png (or %d) stands for numbered pictures as FFmpeg names them, from the lowest number on;
a missing one is an error. OUT is such a name, too, or a folder. Pictures whose output exists are
skipped, so the same command resumes; --force makes them again, and --no-resume refuses them. The
first picture that fails ends the run.`,
  },
  "long-runs": {
    summary: "interrupted runs resume",
    text: `A run of more than 32 tiles keeps finished tiles in a hidden folder, .OUT.deblur, until OUT is made.
After a signal, a full disk or a power cut the same command resumes. Other options or another input
are refused, unless --no-resume starts over. One process at a time makes an OUT. Smaller runs, runs
with --kernels or --sigma, and runs through pipes start again.

With --memory, tiles are as large and as many as fit; if the limit is too small, the error names the
minimum. The limit counts the whole process, to about a tenth. The disk of OUT must have room before
a run starts, else exit code 74. The remaining time is reported after the first tiles.

The first SIGINT (Ctrl-C), SIGTERM or SIGHUP ends a run in order, the second at once.

One picture on several machines that share a folder, with the bytes of one process:

  deblur plan IN -o RUN        plans; then on any machine, in any order, again if need be:
  deblur run RUN --shard 1/4   to 4/4; indexed jobs count from 0: --shard 0/4 --from-zero
  deblur assemble RUN -o OUT   checks every tile, and names missing parts

A copy of IN may be anywhere (--input), and each machine has its own --threads. Ready scripts:

  GNU parallel  seq 4 | parallel deblur run RUN --shard {}/4 -q && deblur assemble RUN -o OUT
  Slurm         deblur plan IN -o RUN --slurm, then bash RUN/job.sbatch
  Kubernetes    deblur plan IN -o RUN --kubernetes IMAGE, then kubectl apply -f RUN/kubernetes.yaml

deblur help clusters: workers that come and go, retries and progress.`,
  },
  clusters: {
    summary: "runs spread over machines by a queue on Redis",
    text: `A queue hands the parts of runs to workers, redoes those of workers that disappear, and shows the
progress. It needs Redis 6.2 or later, npm install bullmq ioredis, and a folder that all machines
see. Start workers, then submit pictures, folders or videos:

  export DEBLUR_QUEUE=redis://HOST   also DEBLUR_QUEUE_USERNAME and DEBLUR_QUEUE_PASSWORD
  deblur work --root /shared         on each machine, wherever the folder is there
  deblur submit IN -o OUT --wait     in the shared folder
  deblur queue status                wait RUN, retry and drain likewise

A picture is divided into ranges of about two minutes by the measured seconds a tile, a folder into
pictures, a video at its key frames. A part that fails three times fails its run, which names its
tiles; other parts are finished first. deblur queue retry does only the failed ones again.

Exit codes of submit --wait and queue wait are those of the run: 0, or the code on which all failed
parts agree, else 1. A worker ends with 0 after SIGTERM, 66 if its root is another, 69 if it lacks
Redis, the engine, memory, or the release of the run, 74 if its disk is full; its job goes back.`,
  },
  progress: {
    summary: "lines, bar, and the fields of --json",
    text: `Progress goes to standard error: a bar on a terminal, else a line every 10 %. With --json it is one
JSON object a line; each has "version": 1 and "event":
  found    files (pictures to make), hidden, others (files skipped): of several pictures
  skipped  input, reason (hidden; other: not named as a picture; exists: its output does); with
           exists also output, file, files
  start    input, output, file, files, width, height, channels, bits, radiometry {colours,
           range, …}, engine, preset, tile, halo, scale, inFlight, tiles, tilesKept
           (from an earlier run), memory {expected, most}, disk {needed, available} (all bytes),
           tileWidth, tileHeight
  tile     input, index, rect {x, y, width, height}, copied (left blurry), flat (nothing
           to restore), sharp (--skip-sharp: no blur found), done, tiles, seconds, secondsLeft
  frame    input, done, frames, seconds (of a video, instead of tile; its start has form, matrix,
           levels, rate, frames, framesInFlight and its done has frames, copied as a count)
  note     input, message
  done     input, output, width, height, tiles, copied (a list of rect), flat and sharp (counts),
           seconds
  error    message, name, exitCode; for one of several pictures input, output, file and files, for
           a tile rect and stage
  summary  files, skipped, failed, seconds
  queued   run, name, kind, output, parts, items, added: a run was submitted to a queue
  queue    id, kind, state, parts, partsDone, partsFailed, items, itemsDone, working, workers,
           problems (a list of message and exitCode), seconds: of all workers, twice a second
Results of commands go to standard output.`,
  },
  "exit-codes": {
    summary: "what each exit code means",
    text: `  0    done
  1    another failure; or several pictures failed for different reasons
  2    wrong usage
  65   damaged input or weights
  66   the input does not exist or cannot be read
  69   engine, weights or Redis not available
  73   the output exists or cannot be made
  74   reading or writing failed
  75   no answer in time, out of memory, or all workers of a part vanished: try again
  129  ended by SIGHUP
  130  ended by SIGINT (Ctrl-C)
  141  the reader of standard output went away
  143  ended by SIGTERM
Of several pictures: 0 if all are done, the code of those that failed if it is the same, else 1.

A first operand that is a command's name means the command; write ./run for a file called run.`,
  },
};
