"""Every rendering that has a golden file: its name, and what makes it. As a program: writes all of them."""
import paths  # noqa: F401
import manifests

KUSTOMIZED = {"kubernetes": ".", "kubernetes-replay": "replay"}


def all_of():
    return {name: manifests.kustomize(folder) for name, folder in KUSTOMIZED.items()}


if __name__ == "__main__":
    manifests.GOLDEN.mkdir(exist_ok=True)
    for each, text in all_of().items():
        manifests.golden(each).write_text(text)
