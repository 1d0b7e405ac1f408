#!/bin/sh
# How far L-BFGS comes in a number of evaluations, by its settings: the table of tests/optimiser.md. Runs take minutes to
# hours; a log that is there from before is not made again, so that a study can be broken off and gone on with. Losses
# do not depend on how busy the machine is.
#
# usage: tools/study_optimiser.sh NSCL NETWORK PICTURES LOGS
# NSCL is the command, NETWORK its file of weights, PICTURES a folder with content/ and style/, LOGS the folder for logs
# and results. Environment: SIZES ("128 192 256", the shorter side), EVALUATIONS (150), PAIRS (content:style ...),
# SETTINGS (lines of a name and options; the first is what the others are compared with).
set -eu
[ $# -eq 4 ] || {
    sed -n 's/^# usage: /usage: /p' "$0" >&2
    exit 2
}
nscl=$1 network=$2 pictures=$3 logs=$4
sizes=${SIZES:-128 192 256}
evaluations=${EVALUATIONS:-150}
pairs=${PAIRS:-tuebingen_neckarfront:starry_night_gatys golden_gate:the_scream stata:great_wave
    chicago:composition_vii_kandinsky lion:vg_wheat_field hoovertowernight:water_lilies_1919_monet}
settings=${SETTINGS:-default
plain --precondition 0
ratio-1 --precondition 1
ratio-1.5 --precondition 1.5
ratio-2 --precondition 2
history-10 --lbfgs-history 10
history-30 --lbfgs-history 30
history-100 --lbfgs-history 100}
mkdir -p "$logs"

run() { # size, pair, name, options...
    size=$1 content=${2%%:*} style=${2##*:} log=$logs/$1_$2_$3_$evaluations.jsonl
    shift 3
    [ ! -s "$log" ] || return 0
    "$nscl" --preset gatys --network "$network" --content "$pictures/content/$content.jpg" --styles "$pictures/style/$style.jpg" \
        --short-side "$size" --iterations "$evaluations" --output "${log%.jsonl}.png" --overwrite --quiet --log "$log.part" "$@"
    mv "$log.part" "$log"
}

for size in $sizes; do
    for pair in $pairs; do
        printf '%s\n' "$settings" | while read -r name options; do
            # shellcheck disable=SC2086 # options are several words
            run "$size" "$pair" "$name" $options </dev/null
        done
    done
done

# The lowest loss so far at each mark; each setting's geometric mean over the pairs, the first setting's being 1.
first=$(printf '%s\n' "$settings" | awk 'NR == 1 { print $1 }')
for size in $sizes; do
    for pair in $pairs; do
        printf '%s\n' "$settings" | while read -r name _; do
            echo "file $pair $name"
            cat "$logs/${size}_${pair}_${name}_$evaluations.jsonl"
        done
    done | awk -v size="$size" -v first="$first" -v last="$evaluations" '
        BEGIN {
            marks = split("25 50 100 150 200 300 400 500", mark)
            while (mark[marks] > last) marks--
        }
        /^file / {
            pair = $2; name = $3; best = ""
            if (!(name in seen)) { seen[name] = 1; order[++names] = name }
            if (!(pair in met)) { met[pair] = 1; list[++count] = pair }
            next
        }
        match($0, /^\{"evaluation":[0-9]+/) {
            n = substr($0, 15, RLENGTH - 14)
            match($0, /"loss":[^,]*/)
            loss = substr($0, RSTART + 7, RLENGTH - 7) + 0
            if (best == "" || loss < best) best = loss
            at[pair, name, n + 0] = best
        }
        END {
            printf "\n%s px: loss over that of \"%s\", mean of %d pairs\n\n| setting |", size, first, count
            for (m = 1; m <= marks; m++) printf " %d |", mark[m]
            printf " by pair at %d |\n|---|", mark[marks]
            for (m = 1; m <= marks; m++) printf "---|"
            print "---|"
            for (i = 1; i <= names; i++) {
                name = order[i]
                printf "| %s |", name
                for (m = 1; m <= marks; m++) {
                    sum = 0
                    for (p = 1; p <= count; p++) sum += log(at[list[p], name, mark[m]] / at[list[p], first, mark[m]])
                    printf " %.3f |", exp(sum / count)
                }
                for (p = 1; p <= count; p++) printf " %.3f", at[list[p], name, mark[marks]] / at[list[p], first, mark[marks]]
                print " |"
            }
            printf "\n| \"%s\", loss |", first
            for (m = 1; m <= marks; m++) printf " %d |", mark[m]
            printf "\n|---|"
            for (m = 1; m <= marks; m++) printf "---|"
            print ""
            for (p = 1; p <= count; p++) {
                printf "| %s |", list[p]
                for (m = 1; m <= marks; m++) printf " %.4g |", at[list[p], first, mark[m]]
                print ""
            }
        }'
done
