#!/bin/sh
# Trains the built-in network from VGG-19 and writes data/network/nscl-narrow.safetensors: rounds of distil.py, each
# begun with the last one's weights. The first three are of even widths, and each paints pictures for the next to learn
# from; the fourth widens the layers that matter. The last three are two side by side, whose weights are averaged.
#
# usage: tools/train/train.sh NSCL DATA WORK
#
# NSCL is the program, DATA a folder with weights/vgg19*.h5, pictures/content and pictures/style, WORK a folder for what
# comes up on the way. The same command goes on where it was stopped. PYTHON (python3) has torch, numpy, scipy, Pillow,
# h5py and safetensors.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
nscl=$1 data=$2 work=$3
python=${PYTHON:-python3}

# learn NAME BEGIN OPTION...: a round in $work/NAME, begun with the round or the exported file $work/BEGIN.
learn() {
    name=$1 begin=$2
    shift 2
    case $begin in ?*.safetensors) ;; ?*) begin=$begin/state.pt ;; esac
    "$python" "$here/distil.py" --data "$data" --iterates "$work/iterates" --work "$work/$name" ${begin:+--begin "$work/$begin"} "$@"
}

# sides NAME BEGIN OPTIONS OPTIONS: two rounds at once, a core each, and the mean of what they have learned.
sides() {
    name=$1 begin=$2 first=$3 second=$4
    alone="--threads 1 --pool 16 --visits 40"
    # shellcheck disable=SC2086 # options
    learn "$name.1" "$begin" $alone $first &
    # shellcheck disable=SC2086
    learn "$name.2" "$begin" $alone $second
    wait $!
    mkdir -p "$work/$1"
    "$python" "$here/average.py" "$work/$1.1/state.pt" "$work/$1.2/state.pt" "$work/$1/state.pt"
}

# write NAME: the network of $work/NAME, as $work/NAME.safetensors.
write() {
    "$python" "$here/export.py" --data "$data" --iterates "$work/iterates" --state "$work/$1/state.pt" "$work/$1.safetensors"
}

# paint NUMBER: pictures on their way, painted with round NUMBER's network.
paint() {
    write "round$1"
    "$here/iterates.sh" "$nscl" "$data" "$work/iterates" "$work/round$1.safetensors" "student$1"
}

"$here/iterates.sh" "$nscl" "$data" "$work/iterates"
learn round1 "" --even --seen 0 --seed 1 --steps 400 --size 96
paint 1
learn round2 round1 --even --seen 0 --seed 2 --steps 1000 --kernel-rate 0.002
paint 2
learn round3 round2 --even --seen 0 --seed 5 --steps 4200
paint 3
learn round4 round3 --seen 0 --seed 6 --steps 900 --kernel-rate 0.002
learn round5 round4 --seen 1.5 --seed 7 --steps 450 --threads 1 --pool 16 --visits 40
sides round6 round5 "--seed 7 --seen 4 --steps 3200 --until 500" "--seed 8 --seen 12 --steps 3200 --until 500"
sides round7 round6 "--seed 9 --seen 12 --steps 2600" "--seed 11 --seen 12 --steps 2600"
# The last has its layers' scales from VGG-19 again, more of what is painted, and pictures of two sizes.
paint 7
sides round8 round7.safetensors "--seed 21 --seen 16 --painted 4 --fresh 1 --kept 240 --steps 2700" \
    "--seed 22 --seen 12 --size 128 --pairs 3 --kept 240 --steps 2600"
write round8
cp "$work/round8.safetensors" "$here/../../data/network/nscl-narrow.safetensors"
