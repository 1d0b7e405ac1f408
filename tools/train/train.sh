#!/bin/sh
# Trains the built-in network from VGG-19 and writes data/network/nscl-narrow.safetensors: rounds of distil.py, each
# begun with the last one's weights and with pictures that the last one's network painted. The last is two side by side, a
# core each, whose weights are averaged.
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

"$here/iterates.sh" "$nscl" "$data" "$work/iterates"
begin="" round=0
while read -r options; do
    round=$((round + 1))
    # shellcheck disable=SC2086 # options and none
    "$python" "$here/distil.py" --data "$data" --iterates "$work/iterates" --work "$work/round$round" --seed "$round" \
        ${begin:+--begin "$begin"} $options </dev/null
    begin=$work/round$round/state.pt
    "$python" "$here/export.py" --data "$data" --iterates "$work/iterates" --state "$begin" "$work/round$round.safetensors" </dev/null
    "$here/iterates.sh" "$nscl" "$data" "$work/iterates" "$work/round$round.safetensors" "student$round"
done <<END
--steps 400 --size 96 --kernel-rate 0.0015
--steps 1000 --size 112 --kernel-rate 0.002
--steps 4200 --size 112 --kernel-rate 0.0015 --seed 5
END

round=$((round + 1)) sides=""
for seed in 7 8; do
    "$python" "$here/distil.py" --data "$data" --iterates "$work/iterates" --work "$work/round$round.$seed" --seed "$seed" --threads 1 \
        --begin "$begin" --steps 3600 --size 112 --kernel-rate 0.0015 --pool 16 --visits 40 </dev/null &
    sides="$sides $!"
done
for side in $sides; do wait "$side"; done
"$python" "$here/average.py" "$work/round$round.7/state.pt" "$work/round$round.8/state.pt" "$work/round$round.pt"
"$python" "$here/export.py" --data "$data" --iterates "$work/iterates" --state "$work/round$round.pt" "$work/round$round.safetensors"
cp "$work/round$round.safetensors" "$here/../../data/network/nscl-narrow.safetensors"
