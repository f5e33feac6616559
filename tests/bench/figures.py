"""What was measured: the values of every trial, and the table of medians, least and most."""
import statistics


class Row:
    """One line of the table. `floor` is a number that the median must reach ("at least") or stay below ("at most")."""

    def __init__(self, name, unit, digits, at_least=None, at_most=None):
        self.name, self.unit, self.digits = name, unit, digits
        self.at_least, self.at_most = at_least, at_most
        self.values = []

    def number(self, value):
        return f"{value:,.{self.digits}f}"

    def floor(self):
        if self.at_least is not None:
            return f"at least {self.number(self.at_least)}"
        return "" if self.at_most is None else f"at most {self.number(self.at_most)}"

    def verdict(self):
        middle = statistics.median(self.values)
        if self.at_least is not None:
            return "met" if middle >= self.at_least else "MISSED"
        return "" if self.at_most is None else "met" if middle <= self.at_most else "MISSED"

    def cells(self):
        numbers = (statistics.median(self.values), min(self.values), max(self.values))
        return [self.name, self.unit, *map(self.number, numbers), self.floor(), self.verdict()]


HEAD = ["what", "unit", "median", "least", "most", "floor", ""]


class Figures:
    """The rows of one part, in the order in which they were first named."""

    def __init__(self):
        self.rows = {}

    def add(self, name, unit, value, digits=0, **floor):
        self.rows.setdefault(name, Row(name, unit, digits, **floor)).values.append(value)

    def missed(self):
        return [row.name for row in self.rows.values() if row.verdict() == "MISSED"]

    def table(self):
        """In Markdown, with columns that line up for a terminal, too."""
        lines = [HEAD, *(row.cells() for row in self.rows.values())]
        widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]

        def joined(cells):
            return "| " + " | ".join(cell.ljust(width) if column < 2 or column > 4 else cell.rjust(width)
                                     for column, (cell, width) in enumerate(zip(cells, widths))) + " |"
        rule = "|" + "|".join("-" * (width + 1) + ("-" if column < 2 or column > 4 else ":")
                              for column, width in enumerate(widths)) + "|"
        return "\n".join([joined(lines[0]), rule, *map(joined, lines[1:])])
