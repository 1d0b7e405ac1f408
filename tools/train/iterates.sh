#!/bin/sh
# Paints what an optimiser visits, as training pictures for distil.py: training photographs in the manner of training
# paintings, with the pictures on the way.
#
# usage: tools/train/iterates.sh NSCL DATA OUT [NETWORK NAME]
#
# NSCL is the program, DATA a folder with pictures/content, pictures/style and weights, OUT the folder for the pictures.
# With VGG-19 from the photograph (preset gatys) and from noise (preset neural-style); or with NETWORK, a student's file,
# from the photograph, as NAME-1.png and so on: these are where the student is to be corrected. What is there is not
# painted again. While the file named by NSCL_PAUSE exists, no painting begins.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
nscl=$1 data=$2 out=$3 network=${4-} student=${5-}
mkdir -p "$out"
[ -n "$network" ] || network=$(find "$data/weights" -name 'vgg19*.h5' | head -n 1)

paint() # NAME OPTION...
{
    name=$1
    shift
    [ ! -e "$out/$name.png" ] || return 0
    while [ -e "${NSCL_PAUSE:-/nowhere}" ]; do sleep 1; done
    "$nscl" --quiet --overwrite --network "$network" --content "$content" --styles "$style" \
        --checkpoint-output "$out/$name-%03d.png" --output "$out/$name.png" "$@" </dev/null
}

number=0
while read -r content style; do
    case $content in own/*) content=$root/data/pictures/${content#own/} ;; *) content=$data/pictures/content/$content ;; esac
    case $style in own/*) style=$root/data/styles/${style#own/} ;; *) style=$data/pictures/style/$style ;; esac
    number=$((number + 1))
    if [ -n "$student" ]; then
        paint "$student-$number" --height 160 --iterations 60 --checkpoint-iterations 20
    else
        paint "content-$number" --height 192 --iterations 60 --checkpoint-iterations 12
        paint "noise-$number" --height 192 --preset neural-style --iterations 60 --checkpoint-iterations 12 --seed "$number"
    fi
done <<END
stata.jpg composition_vii_kandinsky.jpg
chicago.jpg vg_wheat_field.jpg
exif_portrait_6.jpg vg_self.jpg
ancient_city.jpg water_lilies_1919_monet.jpg
exif_landscape_6.jpg shipwreck_minotaur_turner.jpg
own/still_life.jpg sakai_hoitsu_flower.jpg
own/lakeside.jpg own/swirls.jpg
stata.jpg own/woodcut.jpg
chicago.jpg own/oil_impasto.jpg
END
