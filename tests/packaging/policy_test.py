"""Every manifest keeps to every rule of policy.py, and every rule notices the fault it is made for."""
import re
import unittest

import paths  # noqa: F401
import manifests
import policy
import renders

# A fault in the text of the rendered manifests: what is looked for, what it becomes, and the rule that must notice.
PLANTED = {
    "the_agent_is_a_native_sidecar": (r"        restartPolicy: Always\n", ""),
    "the_agent_is_the_last_init_container": (r"( +)volumeMounts:\n +- mountPath: /run/twinlog\n +name: twinlog-socket\n +- mountPath: /var",
                                             r"\g<0>", "proxy"),
    "startup_holds_the_application_back": (r"failureThreshold: 120", "failureThreshold: 60"),
    "readiness_means_that_events_are_kept": (r"path: /readyz", "path: /healthz"),
    "liveness_is_patient": (r"failureThreshold: 6\n", "failureThreshold: 2\n"),
    "probes_reach_the_public_port": (r"\[agent\]\n", '[admin]\n    listen = "127.0.0.1:9464"\n    [agent]\n'),
    "the_drain_begins_with_the_end_of_the_pod": (r"( +)- drain\n", r"\1- drain\n\1- --wait\n"),
    "the_grace_period_is_longer_than_the_drain": (r"terminationGracePeriodSeconds: 120", "terminationGracePeriodSeconds: 115"),
    "the_spool_is_what_it_says": (r"sizeLimit: 1Gi", "medium: Memory\n          sizeLimit: 1Gi"),
    "a_claim_is_of_one_pod_and_stays": (r"whenScaled: Retain", "whenScaled: Delete"),
    "the_spool_stays_well_below_its_volume": (r"value: 600MiB", "value: 700MiB"),
    "the_node_reserves_what_the_spool_takes": (r"ephemeral-storage: 1152Mi", "ephemeral-storage: 900Mi"),
    "the_socket_folder_is_read_only_for_others": (r"name: twinlog-socket\n +readOnly: true", "name: twinlog-socket"),
    "the_socket_has_a_name_that_fits": (r"\[intake.unix\]\n", f'[intake.unix]\n    path = "/run/twinlog/{"x" * 100}"\n'),
    "the_application_shares_nothing_else": (r"name: twinlog-socket\n +readOnly: true\n",
                                            r"\g<0>        - mountPath: /stolen\n          name: twinlog-credentials\n"),
    "the_application_is_somebody_else": (r"allow_uids = \[1000\]", "allow_uids = []"),
    "the_pod_shares_a_group": (r"fsGroupChangePolicy: OnRootMismatch", "fsGroupChangePolicy: Always"),
    "nothing_of_the_host_is_shared": (r"( +)containers:\n", r"\1hostPID: true\n\1containers:\n"),
    "every_container_is_restricted": (r"allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"),
    "resources_are_said": (r"limits:\n( +)ephemeral-storage: 1152Mi", r"limits:\n\1cpu: 100m\n\1ephemeral-storage: 1152Mi"),
    "nobody_gets_a_token": (r"      automountServiceAccountToken: false\n", ""),
    "secrets_are_files": (r"value: 600MiB", "valueFrom: {secretKeyRef: {name: twinlog-credentials, key: postgres-uri}}"),
    "files_are_renewed_while_it_runs": (r"mountPath: /etc/twinlog\n", "mountPath: /etc/twinlog\n          subPath: twinlog.toml\n"),
    "secrets_are_not_for_everybody": (r"defaultMode: \d+", "defaultMode: 0444"),
    "the_last_words_are_kept": (r"terminationMessagePolicy: FallbackToLogsOnError", "terminationMessagePolicy: File"),
    "the_image_is_named": (r"image: twinlog:[\d.]+", "image: twinlog:latest"),
    "names_lead_somewhere": (r"serviceAccountName: auth\n", "serviceAccountName: auth-kept\n"),
    "every_pod_is_scraped_by_a_pod_monitor": (r"port: twinlog-admin\n +scrapeTimeout", "port: metrics\n    scrapeTimeout"),
    "the_admin_port_is_for_the_monitoring_alone": (r"  - from:\n(?:    .*\n)+?(    ports:\n    - port: 9464)", r"  -\n\1"),
}
# What somebody switched off by hand; nothing else may be missing there.
SWITCHED_OFF = {"helm-bare": {"names_lead_somewhere", "every_pod_is_scraped_by_a_pod_monitor",
                              "the_admin_port_is_for_the_monitoring_alone"}}


def with_a_later_proxy(text):
    """A mesh proxy behind the agent: it would be stopped before the agent has drained."""
    return re.sub(r"^( +)initContainers:\n((?:\1  .*\n|\1-.*\n)+)", r"\g<0>\1- name: proxy\n\1  image: proxy:1\n", text, flags=re.M)


class Policy(unittest.TestCase):
    def test_every_rendering_keeps_to_every_rule(self):
        for name, text in renders.all_of().items():
            rendered = manifests.Manifests(text)
            for title, check in policy.RULES.items():
                with self.subTest(rendering=name, rule=title):
                    faults = check(rendered)
                    if title in SWITCHED_OFF.get(name, ()):
                        self.assertEqual(len(faults), 1, faults)
                    else:
                        self.assertEqual(faults, [])

    def test_every_rule_notices_its_fault(self):
        self.assertEqual(set(PLANTED), set(policy.RULES))
        text = renders.all_of()["kubernetes"]
        for title, (found, replacement, *special) in PLANTED.items():
            with self.subTest(rule=title):
                broken = with_a_later_proxy(text) if special else re.sub(found, replacement, text)
                self.assertNotEqual(broken, text, "nothing was planted")
                self.assertNotEqual(policy.RULES[title](manifests.Manifests(broken)), [])

    def test_rules_that_hold_for_jobs_notice_one_without_restrictions(self):
        text = renders.all_of()["kubernetes-replay"]
        for found, title in ((r"readOnlyRootFilesystem: true", "every_container_is_restricted"),
                             (r"automountServiceAccountToken: false", "nobody_gets_a_token")):
            broken = manifests.Manifests(re.sub(f" +{found}\n", "", text))
            with self.subTest(rule=title):
                self.assertEqual([fault.split(":")[0] for fault in policy.RULES[title](broken)], ["Job/twinlog-replay"])


if __name__ == "__main__":
    unittest.main()
