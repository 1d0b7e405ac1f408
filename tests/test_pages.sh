#!/bin/sh
# Manual pages and completions: that every option of --help is in each, that roff and the shells find no fault with them,
# and that the completions complete. zsh and fish are asked where they are there; else that part is skipped, saying so.
#
# usage: NSCL_TEST_BUILD=FOLDER tests/test_pages.sh
# Status: 0 all well, 1 a check failed.
# shellcheck source-path=SCRIPTDIR source=checks.sh
. "$(dirname "$0")/checks.sh"

build=${NSCL_TEST_BUILD:?the folder of the build}

have() { command -v "$1" >/dev/null 2>&1; }

# ---- what is in them -----------------------------------------------------------------------------------

touch said
for name in nscl nscl-probe nscl-bench nscl-tune nscl-selftest nscl-weights nscl-studio; do
    [ -x "$build/$name" ] || continue # nscl-studio is built where libmicrohttpd is
    program=$build/$name
    "$program" --help >help 2>said || fail "$name --help"
    for form in man bash zsh fish; do
        "$program" --generate "$form" >made 2>said || fail "$name --generate $form"
        mv made "$form"
        case $form in
            man) made=man/$name.1 ;;
            bash) made=bash/$name ;;
            zsh) made=zsh/_$name ;;
            fish) made=fish/$name.fish ;;
        esac
        cmp $form "$build/pages/$made" >said 2>&1 || fail "$made in the build is another"
    done
    options=$(sed -n 's/^  --\([a-z0-9-]*\).*/\1/p' help)
    [ "$(echo "$options" | wc -l)" -ge 4 ] || fail "$name --help lists too few options"
    for option in $options; do
        # In roff a minus is written as \-.
        roff=$(echo "$option" | sed 's/-/\\\\-/g')
        grep -q "^\\\\fB\\\\-\\\\-$roff\\\\fR" man || fail "$name.1 lacks --$option"
        grep -q -e "values='.*--${option}[ ']" bash || fail "$name: bash's completion lacks --$option"
        grep -q -e "^    '--${option}[=[]" zsh || fail "$name: zsh's completion lacks --$option"
        grep -q -e "^complete -c $name -l $option " fish || fail "$name: fish's completion lacks --$option"
    done
    [ "$(grep -c '^complete .* -l ' fish)" -eq "$(echo "$options" | wc -l)" ] || fail "$name: fish's completion has options that --help has not"

    if have man; then
        MANWIDTH=100 man -l --warnings -E UTF-8 ./man >page 2>said || fail "man cannot show $name.1"
        [ ! -s said ] || fail "man complains of $name.1"
        for word in NAME SYNOPSIS OPTIONS "SEE ALSO"; do
            grep -q "^$word" page || fail "$name.1 as shown has no $word"
        done
    fi
    if have mandoc; then
        mandoc -T lint -W error man >said 2>&1 || fail "mandoc complains of $name.1"
    fi
    if have bash; then
        bash -n bash 2>said || fail "bash cannot read its completion of $name"
    fi
    if have zsh; then
        zsh -n zsh 2>said || fail "zsh cannot read its completion of $name"
    fi
    if have fish; then
        fish --no-execute fish 2>said || fail "fish cannot read its completion of $name"
    fi
    "$program" --generate roff >/dev/null 2>said
    [ $? -eq 2 ] || fail "$name --generate roff is taken"
    grep -q fish said || fail "$name --generate roff: the message does not say what there is"
done
have man || echo "skipped: no man"
have mandoc || echo "skipped: no mandoc"

# ---- bash ----------------------------------------------------------------------------------------------

mkdir files
touch files/one.jpg "files/two words.jpg" files/three.png
cd files || exit 1

# What bash offers for the words; the last is the one that is being written.
cat >"$work/ask.bash" <<'ASK'
. "$1"
COMP_WORDS=("${@:2}")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMPREPLY=()
function=$(complete -p "$2" | sed 's/.*-F \([a-z_]*\).*/\1/')
$function
printf '%s\n' "${COMPREPLY[@]}"
ASK
offers() { # $1: what is offered, in order, with | between; the rest: words
    wanted=$1
    shift
    bash "$work/ask.bash" "$build/pages/bash/$1" "$@" >"$work/offered" 2>"$work/said" || fail "bash fails at: $*"
    offered=$(sort "$work/offered" | tr '\n' '|')
    [ "$offered" = "$wanted|" ] || fail "bash offers '$offered', not '$wanted|', for: $*"
}
if have bash; then
    offers "--style-blend-weights|--style-layer-weight-exp|--style-layer-weights|--style-layers|--style-scales|--style-weight|--styles" nscl --style
    offers "average|avg" nscl --pooling av
    offers "lanczos" nscl --content one.jpg --filter = l
    offers "bicubic|bilinear|lanczos|nearest|tf-bilinear" nscl --filter =
    offers "one.jpg" nscl --content o
    offers "one.jpg|three.png|two words.jpg" nscl --styles one.jpg ""
    offers "two words.jpg" nscl --styles one.jpg three.png tw
    offers "--width" nscl --content one.jpg --wi
    offers "" nscl --seed 1
    offers "--quality|--quiet" nscl --content one.jpg --qui --qu
    offers "gatys" nscl --preset g
    offers "cpu" nscl --device c
    offers "bash" nscl --generate b
    offers "builtin" nscl --network b
    offers "three.png|two words.jpg" nscl --network t
    offers "convert|fetch|show|verify" nscl-weights ""
    offers "one.jpg" nscl-weights show o
    offers "--half|--help" nscl-weights convert one.jpg two.safetensors --h
    offers "--sweep" nscl-bench --sw
    offers "fp16-storage" nscl-bench --precision fp1
    offers "--dry-run" nscl-tune --d --dr
    offers "all|auto" nscl-probe --device a
else
    echo "skipped: no bash"
fi

# ---- zsh and fish --------------------------------------------------------------------------------------

if have fish; then
    fish_offers() { # as offers, of a whole line
        offered=$(fish -c "source $build/pages/fish/nscl.fish; source $build/pages/fish/nscl-weights.fish; complete -C '$2'" | cut -f 1 | sort | tr '\n' '|')
        [ "$offered" = "$1|" ] || fail "fish offers '$offered', not '$1|', for: $2"
    }
    fish_offers "average|avg" "nscl --pooling av"
    fish_offers "one.jpg" "nscl --content o"
    fish_offers "three.png" "nscl --styles one.jpg th"
    fish_offers "--style-blend-weights|--style-layer-weight-exp|--style-layer-weights|--style-layers|--style-scales|--style-weight|--styles" "nscl --style"
    fish_offers "convert" "nscl-weights c"
else
    echo "skipped: no fish"
fi
if have zsh; then
    # A shell behind a terminal of its own; what the completion hands over is written down.
    cat >"$work/ask.zsh" <<'ASK'
zmodload zsh/zpty
zpty shell TERM=dumb zsh -f -i || exit 77
zpty -w shell "PS1= fpath=($1 \$fpath); autoload -Uz compinit; compinit -D -u"
zpty -w shell 'compadd() {
    local -a found
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
    builtin compadd -A found "$@"
    print -rl -- $found >>'$3'
    builtin compadd "$@"
}'
zpty -w -n shell "$2"$'\t'
for i in {1..50}; do
    [[ -s $3 ]] && break
    zpty -r -t shell rest
    sleep 0.1
done
sleep 0.3
zpty -d shell
ASK
    zsh_offers() { # as fish_offers
        rm -f "$work/offered"
        zsh -f "$work/ask.zsh" "$build/pages/zsh" "$2" "$work/offered" 2>"$work/said" </dev/null
        offered=$(sort -u "$work/offered" 2>/dev/null | tr '\n' '|')
        [ "$offered" = "$1|" ] || fail "zsh offers '$offered', not '$1|', for: $2"
    }
    if zsh -f -c 'zmodload zsh/zpty && zpty shell true' 2>/dev/null; then
        zsh_offers "average|avg" "nscl --pooling av"
        zsh_offers "three.png" "nscl --styles one.jpg th"
        zsh_offers "builtin" "nscl --network b"
        zsh_offers "convert" "nscl-weights c"
    else
        echo "skipped: no terminal for zsh"
    fi
else
    echo "skipped: no zsh"
fi
cd .. || exit 1

finish
