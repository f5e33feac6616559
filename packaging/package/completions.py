"""What completes `twinlog` in bash, zsh and fish, from the tree of its commands.

All three work alike: the words so far lead to a command, then come its commands and options, the choices of an option, or files.
Behind `help` come commands alone.
"""

HEADER = "# Completes twinlog's commands and options. Generated from `twinlog help`; it is not to be edited.\n"


def names_of(option):
    return [name for name in option.names if name.startswith("--")]


def quoted(text):
    """For a shell's single quotes."""
    return "'" + text.replace("'", "'\\''") + "'"


def walk(tree):
    """The shell's pattern of every command but the first, as `path word` is compared with it."""
    return "|".join(f'"{command.path}"' for command in tree.all() if command.words)


def values(tree):
    """(path, option) of every option that takes a value."""
    return [(command.path, option) for command in tree.all() for option in command.options if option.takes_value]


BASH = r"""_twinlog() {
  local current=${COMP_WORDS[COMP_CWORD]} path='' candidate='' word commands='' options='' helps='' index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    if [[ -z $path && $word == help ]]; then helps=1; continue; fi
    candidate="${path:+$path }$word"
    case $candidate in @WALK@) path=$candidate ;; esac
  done
  if [[ -z $helps ]]; then
    case "$path ${COMP_WORDS[COMP_CWORD - 1]}" in
@VALUES@
    esac
  fi
  case $path in
@COMMANDS@
  esac
  [[ -z $helps ]] || options=''
  mapfile -t COMPREPLY < <(compgen -W "$commands $options" -- "$current")
  if [[ -z $commands && -z $helps && $current != -* ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -F _twinlog twinlog
"""


def bash(tree):
    cases = []
    for path, option in values(tree):
        pattern = "|".join(f'"{path} {name}"' for name in names_of(option))
        words = " ".join(option.choices)
        reply = f'compgen -W "{words}"' if words else "compgen -f"
        filenames = "" if words else "compopt -o filenames 2>/dev/null; "
        cases.append(f'      {pattern}) {filenames}mapfile -t COMPREPLY < <({reply} -- "$current"); return ;;')
    commands = []
    for command in tree.all():
        below = " ".join(each.words[-1] for each in command.commands)
        options = " ".join(name for option in command.options for name in names_of(option))
        commands.append(f"    \"{command.path}\") commands='{below}' options='{options}' ;;")
    text = BASH.replace("@WALK@", walk(tree)).replace("@VALUES@", "\n".join(cases)).replace("@COMMANDS@", "\n".join(commands))
    return HEADER + text


ZSH = r"""_twinlog() {
  local at='' candidate word helps='' previous=${words[CURRENT-1]}
  local -a commands options
  for word in ${words[2,CURRENT-1]}; do
    if [[ -z $at && $word == help ]]; then helps=1; continue; fi
    candidate="${at:+$at }$word"
    case $candidate in @WALK@) at=$candidate ;; esac
  done
  if [[ -z $helps ]]; then
    case "$at $previous" in
@VALUES@
    esac
  fi
  case $at in
@COMMANDS@
  esac
  (( $#commands )) && _describe -t commands 'command' commands
  [[ -z $helps ]] || return 0
  if [[ $PREFIX == -* ]]; then
    _describe -o -t options 'option' options
  elif (( ! $#commands )); then
    _files
  fi
}
if [[ $funcstack[1] == _twinlog ]]; then _twinlog "$@"; else compdef _twinlog twinlog; fi
"""


def zsh(tree):
    cases = []
    for path, option in values(tree):
        pattern = "|".join(f'"{path} {name}"' for name in names_of(option))
        action = "compadd -- " + " ".join(option.choices) if option.choices else "_files"
        cases.append(f"      {pattern}) {action}; return ;;")
    commands = []
    for command in tree.all():
        below = " ".join(quoted(f"{each.words[-1]}:{each.line}") for each in command.commands)
        options = " ".join(quoted(f"{name}:{option.text}") for option in command.options for name in names_of(option))
        commands.append(f'    "{command.path}") commands=({below}); options=({options}) ;;')
    text = ZSH.replace("@WALK@", walk(tree)).replace("@VALUES@", "\n".join(cases)).replace("@COMMANDS@", "\n".join(commands))
    return "#compdef twinlog\n" + HEADER + text


FISH = r"""function __twinlog_at
    set -l at ''
    set -l helps no
    for word in (commandline -opc)[2..-1]
        if test "$at" = '' -a "$word" = help
            set helps yes
            continue
        end
        switch (string trim -- "$at $word")
            case @WALK@
                set at (string trim -- "$at $word")
        end
    end
    test "$at" = "$argv[1]"; or return 1
    test "$argv[2]" != option -o $helps = no
end
complete -c twinlog -f
"""


def fish(tree):
    lines = [HEADER + FISH.replace("@WALK@", walk(tree).replace("|", " ")).rstrip()]
    for command in tree.all():
        at = f"-n '__twinlog_at \"{command.path}\"'"
        for below in command.commands:
            lines.append(f"complete -c twinlog {at} -a {below.words[-1]} -d {fish_quoted(below.line)}")
        for option in command.options:
            value = ""
            if option.takes_value:
                value = f" -x -a {fish_quoted(' '.join(option.choices))}" if option.choices else " -r -F"
            for name in names_of(option):
                lines.append(f"complete -c twinlog -n '__twinlog_at \"{command.path}\" option' -l {name[2:]}{value} "
                             f"-d {fish_quoted(option.text)}")
        if not command.commands and command.words != ("help",):
            lines.append(f"complete -c twinlog -n '__twinlog_at \"{command.path}\" option' -F")
    return "\n".join([*lines, ""])


def fish_quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
