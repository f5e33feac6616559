"""Grafana's own types for a dashboard: its JSON as TypeScript literals, which the compiler compares with them."""
import json
import pathlib
import shutil
import subprocess

from paths import ROOT

PROJECT = pathlib.Path(__file__).parent / "grafana"
FOLDER = ROOT / "build/grafana-check"
KINDS = {"row": "Row", "stat": "Stat", "timeseries": "TimeSeries"}


def install():
    """What package-lock.json pins, once for each state of it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock, installed = (PROJECT / "package-lock.json").read_text(), FOLDER / "installed"
    for path in PROJECT.iterdir():
        shutil.copy(path, FOLDER)
    if not installed.exists() or installed.read_text() != lock:
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=FOLDER, capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0, f"npm cannot install what {PROJECT}/package-lock.json names:\n{done.stderr}"
        installed.write_text(lock)


def literals(dashboard):
    lines = ['import type { Rest, Row, Stat, TimeSeries } from "./types.js";']
    for place, panel in enumerate(dashboard["panels"]):
        lines.append(f"const panel{place}: {KINDS[panel['type']]} = {json.dumps(panel)};")
    names = ", ".join(f"panel{place}" for place in range(len(dashboard["panels"])))
    rest = json.dumps({name: value for name, value in dashboard.items() if name != "panels"})
    return "\n".join([*lines, f"const rest = {rest} satisfies Omit<Rest, 'panels'>;",
                      f"export const dashboard: Rest = {{ ...rest, panels: [{names}] }};", ""])


def faults(dashboards):
    """What the compiler says of each of these (by name)."""
    for path in FOLDER.glob("dashboard_*.ts"):
        path.unlink()
    for name, dashboard in dashboards.items():
        (FOLDER / f"dashboard_{name}.ts").write_text(literals(dashboard))
    done = subprocess.run(["node_modules/.bin/tsc", "--project", "."], cwd=FOLDER, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if "error TS" in line]
    assert not lines or done.returncode, done.stdout
    strange = [line for line in lines if not line.startswith("dashboard_")]
    assert not strange and not done.stderr, (strange, done.stderr)
    return {name: [line for line in lines if line.startswith(f"dashboard_{name}.ts")] for name in dashboards}
