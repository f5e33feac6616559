"""Every rendering that has a golden file: its name, and what makes it. As a program: writes all of them."""
import paths
import manifests

CHART = paths.PACKAGING / "helm/twinlog"
VALUES = sorted((paths.ROOT / "tests/packaging/values").glob("*.yaml"))
KUSTOMIZED = {"kubernetes": ".", "kubernetes-replay": "replay"}


def chart(values, *more):
    return manifests.run(manifests.tool("helm"), "template", "auth", CHART, "--values", values, *more)


def all_of():
    return {**{name: manifests.kustomize(folder) for name, folder in KUSTOMIZED.items()},
            **{f"helm-{values.stem}": chart(values) for values in VALUES}}


if __name__ == "__main__":
    manifests.GOLDEN.mkdir(exist_ok=True)
    for each, text in all_of().items():
        manifests.golden(each).write_text(text)
