"""The image's bill of materials: CycloneDX 1.5 from what dpkg says of every file in it."""
import datetime
import hashlib
import json
import subprocess

import contents


def timestamp(epoch):
    return datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def package_facts(package):
    """Name, version, architecture and source of an installed package; None where it is not."""
    fields = "${db:Status-Status}\t${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}"
    asked = subprocess.run(["dpkg-query", "-W", "-f", fields, package], capture_output=True, text=True, check=False)
    status, *facts = asked.stdout.split("\t") if asked.returncode == 0 else ("",)
    return facts if status == "installed" else None


def purl(name, version, architecture):
    return f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace('~', '%7E')}?arch={architecture}&distro=debian-12"


def component(package, files):
    name, version, architecture, source, source_version = package_facts(package)
    properties = [{"name": "twinlog:file", "value": path} for path in files]
    return {
        "type": "library", "bom-ref": purl(name, version, architecture), "name": name, "version": version,
        "purl": purl(name, version, architecture),
        "properties": [{"name": "debian:source", "value": f"{source} {source_version}"}, *properties],
    }


def bill_of_materials(versions, libraries, binary, epoch):
    loaded = [component(package, files) for package, files in contents.files_of_packages(libraries).items()]
    compiled_in = [component(package, ["/usr/bin/twinlog"]) for package in contents.COMPILED_IN if package_facts(package)]
    reference = f"twinlog@{versions['twinlog']}"
    document = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {
            "timestamp": timestamp(epoch),
            "component": {
                "type": "application", "bom-ref": reference, "name": "twinlog", "version": versions["twinlog"],
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(binary.read_bytes()).hexdigest()}],
                "properties": [{"name": "twinlog:revision", "value": versions["revision"]}],
            },
        },
        "components": loaded + compiled_in,
        "dependencies": [{"ref": reference, "dependsOn": [part["bom-ref"] for part in loaded + compiled_in]}],
    }
    return json.dumps(document, indent=1) + "\n"
