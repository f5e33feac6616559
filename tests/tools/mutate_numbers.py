#!/usr/bin/python3
"""Shows that the tests of the numbers in docs/ bite: breaks each number in a copy of the source, and demands that its tests
fail.

    tests/tools/mutate_numbers.py [--only WORDS] [--each] [--list] [--preset PRESET] [--jobs N] [RESULT.xml]

What is broken and which tests must notice stands in tests/docs/mutations.tsv. The copy lies in build/mutants and is built
there with PRESET (dev). First the tests run on the copy as it is: one that is red anyway shows nothing. Then mutations are
made, as many at once as are seen by different tests; each batch is built once. --each makes them one at a time, which
takes hours and leaves no doubt which mutation a test has noticed. --only takes those in whose page, words, file or tests
WORDS stand. --list prints the batches and does nothing. Exit 1 if a mutation survives or does not build, or a test is red
without one.
"""
import re
import sys

from mutants import ROOT, Runner, read_arguments, red_anyway, say, sync
from mutations import batches, read_mutations
from run_unittest import write_results


def edited(mutations):
    """{name: text} of the files that the mutations change."""
    texts = {}
    for mutation in mutations:
        text = texts.get(mutation.file) or (ROOT / mutation.file).read_text()
        assert text.count(mutation.old) == 1, mutation
        texts[mutation.file] = text.replace(mutation.old, mutation.new)
    return texts


def show(runner, number, batch, red):
    """Makes one batch of mutations; the verdicts for the result file."""
    tests = sorted({test for mutation in batch for test in mutation.tests})
    say(f"batch {number}: {len(batch)} mutations of {', '.join(sorted({each.file for each in batch}))}")
    sync(edited(batch))
    if words := runner.build(tests):
        say(f"batch {number} does not build:\n{words}")
        return [(mutation, "failed", "it does not build") for mutation in batch]
    found, verdicts = runner.run(tests), []
    for mutation in batch:
        survived = [test for test in mutation.tests if found[test][0] != "failed" or test in red]
        for test in mutation.tests:
            say(f"  {'KILLED' if test not in survived else 'SURVIVED'} {mutation.name()}\n"
                f"           {mutation.new.strip()[:100]}\n           {test}: {' '.join(found[test])}")
        verdicts.append((mutation, "failed" if survived else "passed", "not noticed by " + ", ".join(
            f"{test} ({'red anyway' if test in red else found[test][0]})" for test in survived) if survived else ""))
    return verdicts


def main():
    options = read_arguments(__doc__, "--each")
    mutations, _, faults = read_mutations((ROOT / "tests/docs/mutations.tsv").read_text())
    wanted = [mutation for mutation in mutations
              if options.only in " ".join([mutation.name(), mutation.file, *mutation.tests])]
    groups = [[mutation] for mutation in wanted] if options.each else batches(wanted, ROOT)
    if faults or not wanted:
        print(*faults, "there is no such mutation" if not faults else "", sep="\n")
        return 1
    say(f"{len(wanted)} mutations in {len(groups)} batches, of {len({n for each in wanted for n in each.numbers})} numbers")
    if options.list:
        for number, batch in enumerate(groups, 1):
            print(f"batch {number}", *(f"  {each.file}: {each.new.strip()}: {' '.join(each.tests)}" for each in batch), sep="\n")
        return 0
    runner, tests = Runner(options.preset, options.jobs), sorted({test for each in wanted for test in each.tests})
    if (red := red_anyway(runner, tests)) is None:
        return 1
    verdicts = [verdict for number, batch in enumerate(groups, 1) for verdict in show(runner, number, batch, red)]
    sync()
    survivors = [(mutation, words) for mutation, verdict, words in verdicts if verdict == "failed"]
    for mutation, words in survivors:
        say(f"SURVIVED: {mutation.name()}: {mutation.file}: {mutation.old.strip()} -> {mutation.new.strip()}: {words}")
    say(f"{len(wanted)} mutations, {len(wanted) - len(survivors)} killed, {len(survivors)} survived")
    if options.result:
        write_results([(f"Mutants.{re.sub(r'[^A-Za-z0-9]+', '_', f'{each.file} {each.new}')}", verdict, words)
                       for each, verdict, words in verdicts], options.result)
    return 1 if survivors or red else 0


if __name__ == "__main__":
    sys.exit(main())
