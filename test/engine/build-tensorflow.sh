#!/bin/sh
# Builds the bindings of @tensorflow/tfjs-node and @tensorflow/tfjs-node-gpu on the TensorFlow library of a Python
# wheel, for machines on which npm cannot fetch the library itself. On Linux x64:
#
#   pip download --no-deps --only-binary=:all: --python-version 3.11 --platform manylinux_2_27_x86_64 \
#     tensorflow-cpu==2.21.0
#   test/engine/build-tensorflow.sh tensorflow_cpu-2.21.0-*.whl
#
# Instead of a wheel, a folder: an unpacked one, or Python's site-packages; it must stay where it is. A wheel is
# unpacked into node_modules/.tensorflow (0.9 GB). Packages that are missing are installed as development dependencies.
# Needs a C++ compiler, make and Python 3.
set -eu

fail() {
  echo "build-tensorflow.sh: $1" >&2
  exit "${2:-1}"
}

[ $# = 1 ] || fail 'expected a wheel of tensorflow-cpu, or a folder with its content' 2
[ -e "$1" ] || fail "expected a wheel or a folder but found no $1" 66
given=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$(dirname "$0")/../.."

if [ -d "$given" ]; then
  content=$given/tensorflow
  [ -d "$content" ] || content=$given
else
  unpacked=$PWD/node_modules/.tensorflow
  rm -rf "$unpacked.new"
  mkdir -p "$unpacked.new"
  python3 - "$given" "$unpacked.new" 2>/dev/null <<'PYTHON' || fail "expected a wheel of tensorflow-cpu but $given cannot be unpacked" 65
import re, sys, zipfile
wheel, folder = sys.argv[1:]
wanted = re.compile(r"tensorflow/(libtensorflow_(cc|framework)\.so\.2$|include/)")
with zipfile.ZipFile(wheel) as file:
    file.extractall(folder, [name for name in file.namelist() if wanted.match(name)])
PYTHON
  rm -rf "$unpacked"
  mv "$unpacked.new" "$unpacked"
  content=$unpacked/tensorflow
fi
for part in libtensorflow_cc.so.2 libtensorflow_framework.so.2 include/tensorflow/c/c_api.h; do
  [ -e "$content/$part" ] || fail "expected a wheel of tensorflow-cpu or its folder but $given has no $part" 65
done

for name in tfjs-node tfjs-node-gpu; do
  [ -d "node_modules/@tensorflow/$name" ] && continue
  npm install --ignore-scripts --save-dev @tensorflow/tfjs-node@4.22.0 @tensorflow/tfjs-node-gpu@4.22.0
  break
done

for name in tfjs-node tfjs-node-gpu; do
  (
    cd "node_modules/@tensorflow/$name"
    rm -rf deps lib build
    mkdir -p deps/lib
    ln -s "$content/include" deps/include
    for library in libtensorflow_cc.so.2 libtensorflow_framework.so.2; do
      ln -s "$content/$library" deps/lib/
    done
    # The names that the binding links.
    ln -s libtensorflow_cc.so.2 deps/lib/libtensorflow.so
    ln -s libtensorflow_framework.so.2 deps/lib/libtensorflow_framework.so
    # npm run passes the headers of this Node.js where they are known; node-pre-gyp alone would fetch them.
    npm run build-addon-from-source >build.log 2>&1 || { cat build.log >&2; exit 1; }
    TF_CPP_MIN_LOG_LEVEL=3 node -e '
      const { backend, version } = require(".");
      console.log(`built '"$name"' ${version["tfjs-node"]} on TensorFlow ${backend().binding.TF_Version}`);
    ' 2>build.log || { cat build.log >&2; exit 1; }
  )
done
