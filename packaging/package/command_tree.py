"""The commands of a twinlog binary, read from what `twinlog help` prints."""
import dataclasses
import os
import re
import subprocess

DESCRIPTION_COLUMN = 30
CHOICES = re.compile(r":\{([^}]*)\}")


@dataclasses.dataclass
class Option:
    """An option, or a positional argument, as its command's help has it."""

    spelled: str   # "-h,--help", "--store TEXT:{postgres,mongodb}", "FILE TEXT"
    text: str = ""

    @property
    def names(self):
        return self.spelled.split(" ")[0].split(",")

    @property
    def takes_value(self):
        return bool(re.match(r"\S+ (?:TEXT|FLOAT|U?INT)", self.spelled))

    @property
    def choices(self):
        found = CHOICES.search(self.spelled)
        return found[1].split(",") if found else []


@dataclasses.dataclass
class Command:
    """One command: what it is called behind `twinlog`, what its help says, and what is below it."""

    words: tuple
    line: str = ""
    usage: str = ""
    options: list = dataclasses.field(default_factory=list)
    positionals: list = dataclasses.field(default_factory=list)
    commands: list = dataclasses.field(default_factory=list)
    text: str = ""

    @property
    def path(self):
        return " ".join(self.words)

    def all(self):
        """This one and all below it, in the order of the help."""
        yield self
        for command in self.commands:
            yield from command.all()


def entries_of(lines):
    """The entries of one section: what is spelled, and its description, which may stand on the lines below."""
    entries = []
    for line in lines:
        if not line[:DESCRIPTION_COLUMN].strip():
            entries[-1].text = f"{entries[-1].text} {line.strip()}".strip()
        else:
            spelled, _, text = line.strip().partition("  ")
            entries.append(Option(spelled, text.strip()))
    return entries


def parse(words, page):
    """A command from its page; of those below it only the names and lines."""
    head, _, rest = page.partition("\nUsage: ")
    command = Command(words, line=head.strip())
    command.usage, _, rest = rest.partition("\n")
    # Sections end at two empty lines; what stands behind them is the text.
    sections, _, command.text = rest.partition("\n\n\n")
    command.text = command.text.strip("\n")
    for section in sections.strip("\n").split("\n\n"):
        title, *lines = section.split("\n")
        entries = entries_of(lines)
        if title == "Options:":
            command.options = entries
        elif title == "Positionals:":
            command.positionals = entries
        elif title == "Subcommands:":
            command.commands = [Command((*words, entry.spelled), line=entry.text) for entry in entries]
        else:
            raise ValueError(f"the help of `twinlog {' '.join(words)}` has an unknown section: {title}")
    return command


def read(binary, words=()):
    """All of the binary's commands."""
    # The help names the defaults, which the environment may change.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TWINLOG_")}
    page = subprocess.run([binary, "help", *words], capture_output=True, text=True, check=True, env=environment).stdout
    command = parse(tuple(words), page)
    command.commands = [read(binary, below.words) for below in command.commands]
    return command
