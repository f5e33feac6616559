"""CHANGELOG.md in the form of Debian's changelog and of an RPM's."""
import datetime
import re
import textwrap

RELEASE = re.compile(r"^## \[(\d[^\]]*)\] - (\d{4}-\d\d-\d\d)$", re.M)
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def releases(text):
    """(version, day, what changed) of each, newest first; what is not released yet is left out."""
    parts = RELEASE.split(text)[1:]
    for version, day, body in zip(parts[::3], parts[1::3], parts[2::3]):
        changes = [" ".join(item.split()) for item in re.findall(r"^- (.*(?:\n  .*)*)", body, re.M)]
        yield version, datetime.date.fromisoformat(day), [LINK.sub(r"\1", change) for change in changes]


def debian(text, maintainer):
    entries = []
    for version, day, changes in releases(text):
        lines = [f"twinlog ({version}-1) unstable; urgency=medium", ""]
        for change in changes:
            lines += textwrap.wrap(change, 78, initial_indent="  * ", subsequent_indent="    ", break_on_hyphens=False)
        entries.append("\n".join([*lines, "", f" -- {maintainer}  {day:%a, %d %b %Y} 12:00:00 +0000", ""]))
    return "\n".join(entries)


def rpm(text, maintainer):
    entries = []
    for version, day, changes in releases(text):
        # A percent sign begins a macro.
        entries.append("\n".join([f"* {day:%a %b %d %Y} {maintainer} - {version}-1",
                                  *("- " + change.replace("%", "%%") for change in changes), ""]))
    return "\n".join(entries)
