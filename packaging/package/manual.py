"""The manual's pages in roff: twinlog(1) from the commands' help, twinlog.toml(5) from the example of the configuration."""
import re

SECTION = re.compile(r"\[([\w.]+)\]$")
KEY = re.compile(r'(\w+) = ("[^"]*"|\[[^\]]*\]|\S+)\s*(?:# (.*))?$')


def escaped(text):
    """Text as roff takes it for itself."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace("~", "\\(ti")
    text = text.replace("^", "\\(ha")
    return "\\&" + text if text.startswith((".", "\\(aq")) else text


def bold(text):
    """As a line of its own; quotes would be eaten by the macro for it."""
    return f"\\fB{escaped(text)}\\fR"


def header(name, section, title, version, date):
    return [f'.TH {name.upper()} {section} {date} "twinlog {version}" "{title}"', ".nh", ".ad l"]


def paragraphs(text):
    """Text of the help: lines at the margin are filled, a line with a colon at its end is a title, the rest stands as it is."""
    lines = []
    for block in text.split("\n\n"):
        lines.append(".PP")
        is_literal = False
        for line in block.split("\n"):
            if line.startswith(" ") != is_literal:
                is_literal = not is_literal
                lines += [".RS 4", ".nf"] if is_literal else [".fi", ".RE", ".PP"]
            is_title = re.fullmatch(r"[A-Z][\w ]*:", line)
            lines.append(bold(line) if is_title else escaped(line))
        if is_literal:
            lines += [".fi", ".RE"]
    return lines


def entries(options):
    lines = []
    for option in options:
        lines += [".TP", bold(option.spelled), escaped(option.text)]
    return lines


def command_part(command):
    lines = [f'.SS "{escaped(("twinlog " + command.path))}"', escaped(command.line) + ".", ".PP", bold(command.usage)]
    lines += entries(command.positionals + command.options)
    return lines + (paragraphs(command.text) if command.text else [])


def commands_page(tree, version, date):
    """twinlog(1)."""
    lines = header("twinlog", 1, "User commands", version, date)
    lines += [".SH NAME", "twinlog \\- agent that keeps the login record in two stores", ".SH SYNOPSIS"]
    lines += [bold(tree.usage), ".SH DESCRIPTION", escaped(tree.line), *paragraphs(tree.text)]
    lines += [".SH OPTIONS", *entries(tree.options), ".SH COMMANDS"]
    for command in tree.all():
        if command.words and command.words != ("help",):
            lines += command_part(command)
    lines += [".SH FILES"]
    for name, text in (("/etc/twinlog/twinlog.toml", "the configuration, see twinlog.toml(5)"),
                       ("/etc/twinlog/credentials", "a file NAME here is /run/credentials/twinlog.service/twinlog_NAME for the service"),
                       ("/run/twinlog/events.sock", "where events are sent, by members of the group twinlog-writers"),
                       ("/run/twinlog/admin.sock", "where commands reach a running agent"),
                       ("/var/lib/twinlog/spool", "what is not yet in both stores, and a while longer")):
        lines += [".TP", f".I {escaped(name)}", escaped(text)]
    return "\n".join([*lines, ".SH SEE ALSO", ".BR twinlog.toml (5)", ""])


def configuration_page(example, version, date):
    """twinlog.toml(5)."""
    intro, _, body = example.partition("\n\n")
    intro = "\n".join(line.lstrip("# ") for line in intro.split("\n")).partition("\n")[2].strip()
    lines = header("twinlog.toml", 5, "File formats", version, date)
    lines += [".SH NAME", "twinlog.toml \\- configuration of twinlog", ".SH SYNOPSIS", ".I /etc/twinlog/twinlog.toml"]
    lines += [".SH DESCRIPTION", "Every key with its default. Only the two store addresses have none and must be set."]
    lines += [*paragraphs(intro), ".SH KEYS"]
    section = ""
    for line in filter(None, body.split("\n")):
        if found := SECTION.match(line):
            section = found[1]
            lines += [f'.SS "{escaped(line)}"']
        elif found := KEY.match(line):
            variable = f"TWINLOG_{section}_{found[1]}".replace(".", "_").upper()
            lines += [".TP", bold(f"{found[1]} = {found[2]}")]
            lines += [escaped((found[3] or "").strip()), ".br", f".I {escaped(variable)}"]
        else:
            raise ValueError(f"the example has a line that is neither a section nor a key: {line}")
    lines += [".SH SEE ALSO", ".BR twinlog (1)"]
    return "\n".join([*lines, ""])
