"""The forger computes the ledger as it is published: the vectors of ledger/FORMAT.md, byte for byte."""
import base64
import hashlib
import struct
import unittest

import forger
from forger_keys import SigningKey, public_of, signature_holds

EPOCH = bytes.fromhex("019ab3c4d5e67f0081020304050607f8")
ORIGIN = "audit.example.com/twinlog/prod-1/auth/auth-7f9c/019ab3c4-d5e6-7f00-8102-0304050607f8"
NAME = "audit.example.com/twinlog/enrol/prod-1"
T0 = 1_795_486_260_000_000
RECORD_KEY = bytes(range(16))
CONTENT = {"account": "id:u1", "event_type": "login_success", "log_id": "e-1", "occurred_at": 1_709_204_400_123_456,
           "tenant_id": "acme", "user_id": "u1"}
HASHES = [bytes.fromhex(text) for text in (
    "bbc909cf9cf26feb0088de4af61a90d0a4fbf35892d36f9b76f2abd6bfb95089",
    "8d851697359079c88e21f95d245c403b00cccc84f6a1794d363b193153be1242",
    "2e1a5b3ff4667cf5e5ede08a9c43c8892c96e8beac53bbb6373022bbfe3e8dad",
    "7f353b383a689d92409eb6c3761d062d613e6ce05eb7940d998339a90645afb8",
    "ec1dc21abfa4fd8981ec0fae17e4a400dddcd620773b9884cd045746d591bf77")]
ROOTS = [HASHES[0], *(bytes.fromhex(text) for text in (
    "f0d98040482032b1da5e69efdd1c931a6c889b5ab9308831891f043a924d3448",
    "ca2780bd6249d9ad4ff2e59ea38a8238a813417f3fcf797dd75b519f56048eff",
    "189192a6a0736c43a656e85505bdec9e47f57611171035f84ce6446c97f43e22",
    "7be49c789c0e83333f148948fe9b59b3595913b16d5cfe02983d5ed15fd61b01"))]
OTHER_HASHES = [bytes.fromhex(text) for text in (
    "f4c4a73006dadb2870a085d68b7f4c34645f525432c2fcfa221109ae00eab419",
    "0ebfc9063172e4deb502f7ea2a300bd0f5105cbb95bc23dc30a55271bdaef7a9",
    "db3d3c00e586da5314c0e08fbd73fe2caef9d8eff7ab437feae901cfdb462841",
    "d0842bd62b1fc7d30b0ff7a6b733820a7864abc8c50f29a54cbfc0a3c0254ad1",
    "4f45e4bef6bd291b23b60ea0b60bd773ee22b98a5facbf835f20f13e981d568a")]
OTHER_ROOTS = ["3e50c8476dcd00f2039a2b2a3fc91af9af0028fdc4c87c54649b3a5cab67d990",
               "3a1fa5b3b56f495da3d1f3997a0442967ae731b0073f0108a59450023ac43060",
               "3aa30b1ca9390b8c8f9043be56f1625402fb280666f6507757bfa43bd940b179",
               "dfaab64d51509060c9702d1f2d80070936eb2cf77de21fd143ad144cc66ebdc2"]


class Vectors(unittest.TestCase):
    def setUp(self):
        self.epoch_key = SigningKey(ORIGIN, bytes(range(32)))
        self.enrolment = SigningKey(NAME, bytes(range(0x40, 0x60)))

    def signatures(self, text):
        return [line.split(" ")[2] for line in text.split("\n\n")[1].splitlines()]

    def leaves(self):
        counts = forger.numbers(1, 0, 0, 0, 0)
        agent = {"agent": "auth-7f9c", "node": "n1", "pod": "p1", "version": "0.1.0"}
        opened = forger.open_tags(ORIGIN, self.epoch_key, T0, agent)
        event = forger.event_tags(0, 1, 1000, 1000, forger.content_root(CONTENT, RECORD_KEY))
        gap = {0x29: forger.ranges((EPOCH, 1, 1)), 0x2A: b"\x02", 0x2C: b"\x02", 0x2D: b"121"}
        heartbeat = {0x40: forger.numbers(1), 0x41: counts, 0x42: forger.numbers(2, 0), 0x43: forger.numbers(10_500_000),
                     0x44: struct.pack(">q", T0 + 10_500_000 + 600_000_000)}
        close = {0x2B: b"\x01", 0x40: forger.numbers(4), 0x41: counts, 0x42: forger.numbers(4, 4),
                 0x43: forger.numbers(20_000_000)}
        parts = [(forger.OPEN, 0, opened), (forger.EVENT, 500_000, event), (forger.GAP, 600_000, gap),
                 (forger.HEARTBEAT, 10_500_000, heartbeat), (forger.CLOSE, 20_000_000, close)]
        return [(kind, index, later, tags) for index, (kind, later, tags) in enumerate(parts)]

    def test_keys_have_their_texts(self):
        self.assertEqual(ORIGIN + "+9b8b8cb8+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", self.epoch_key.verifier)
        self.assertEqual(NAME + "+529e7053+ASVDuS/xCVURR2rcg2nbbdyTNmWhGXjdoUBO4QZsqVWd", self.enrolment.verifier)

    def test_salts_and_commitments(self):
        self.assertEqual("b9322f19c62b38e9bed82bd3e67b1319", forger.salt(RECORD_KEY, 7).hex())
        committed = forger.commitment(1, forger.salt(RECORD_KEY, 1), b"acme")
        self.assertEqual("a3e77b29ace8b58a87ec52f2e2a2771da4581ec535b8139913086a3bc472852b", committed.hex())
        self.assertEqual("93dbbb0b398f3004c7563a140e227c0dc9be108370ff442bf3f266f871988251",
                         forger.content_hash(CONTENT).hex())

    def test_a_leaf_of_an_event_has_its_bytes(self):
        kind, index, later, tags = self.leaves()[1]
        raw = forger.leaf(kind, EPOCH, index, T0 + later, tags)
        self.assertEqual("54574c3101000000019ab3c4d5e67f0081020304050607f80000000000000001000660fc38c19620060000000800"
                         "00000000000000070000000901000003e8000003e808000000206e6301c55b5804a233d5db46f7060cf37762f0"
                         "373c50f6c996a8d3aeb0078dc8", raw.hex())
        self.assertEqual((kind, EPOCH, index, T0 + later, tags), forger.parse_leaf(raw))

    def test_every_leaf_and_every_root(self):
        raws = [forger.leaf(kind, EPOCH, index, T0 + later, tags) for kind, index, later, tags in self.leaves()]
        self.assertEqual(358, len(raws[0]))
        self.assertEqual(HASHES, [forger.leaf_hash(raw) for raw in raws])
        self.assertEqual(ROOTS, [forger.root(HASHES[:size]) for size in range(1, 6)])

    def test_notes_have_their_signatures(self):
        first = forger.note(forger.checkpoint_body(ORIGIN, 1, ROOTS[0]), self.epoch_key, self.enrolment)
        last = forger.note(forger.checkpoint_body(ORIGIN, 5, ROOTS[4]), self.epoch_key)
        retired = forger.retirement(ORIGIN, 4, ROOTS[3], "node lost", self.enrolment)
        self.assertEqual(["m4uMuA3awwpXjh8b1bTcvucHC1dPEBezjKVsKr817EwBBbv2EHtJqNicIYILYnfhUE9k8j5DnJJ58Uv6tkLXpiysYwU=",
                          "Up5wUxXo59bK41Ek1Ds7G/BtZnU40aE+zYCHZ09GgEY16eQ7xNgWr4PbCI3ZcX7nxVRi3w4F5m+JF5TYFO955jYDnAY="],
                         self.signatures(first))
        self.assertEqual(["m4uMuMv63OP2nJod1Q6hwfJWt4t1SWuSRu4NP3Wd9CQigj35gadTsacgloVwA+ktXGVrFhBmA/TenK0IbFZSxoq2FAQ="],
                         self.signatures(last))
        self.assertEqual(["Up5wU4LDz+Mm7GszhbyJPu0ezF1o1OJiLlCJPxBRh8IVFcvSriqoYE8Ng8Hu8sMKCAVHhYeQ/UdzOL5sNQReDDUMWQ4="],
                         self.signatures(retired))

    def test_a_note_is_read_and_its_signature_checked(self):
        text = forger.note(forger.checkpoint_body(ORIGIN, 5, ROOTS[4]), self.epoch_key)
        origin, size, root, signatures = forger.parse_note(text)
        self.assertEqual((ORIGIN, 5, ROOTS[4]), (origin, size, root))
        _, public = public_of(self.epoch_key.verifier)
        body = forger.checkpoint_body(ORIGIN, 5, ROOTS[4]).encode()
        self.assertTrue(signature_holds(public, body, signatures[ORIGIN][1]))
        self.assertFalse(signature_holds(public, body.replace(b"\n5\n", b"\n6\n"), signatures[ORIGIN][1]))

    def test_the_tree_alone(self):
        self.assertEqual(OTHER_ROOTS, [forger.root(OTHER_HASHES[:size]).hex() for size in range(2, 6)])
        encoded = [base64.b64encode(hashed).decode() for hashed in forger.consistency(1, OTHER_HASHES)]
        self.assertEqual(["Dr/JBjFy5N61AvfqKjAL0PUQXLuVvCPcMKVScb2u96k=", "df8RMKqFHicWbbIhBxQ39q04LGlfQaLdJvkJKHcMA80=",
                          "T0Xkvva9KRsjtg6gtgvXc+4iuYpfrL+DXyDxPpgdVoo="], encoded)
        encoded = [base64.b64encode(hashed).decode() for hashed in forger.consistency(3, OTHER_HASHES)]
        self.assertEqual(["2z08AOWG2lMUwOCPvXP+LK752O/3q0N/6ukBz9tGKEE=", "0IQr1isfx9MLD/emtzOCCnhkq8jFDymlTL/Ao8AlStE=",
                          "PlDIR23NAPIDmisqP8ka+a8AKP3EyHxUZJs6XKtn2ZA=", "T0Xkvva9KRsjtg6gtgvXc+4iuYpfrL+DXyDxPpgdVoo="],
                         encoded)
        line = self.epoch_key.line(forger.checkpoint_body(ORIGIN, 1, OTHER_HASHES[0])).split(" ")[2].strip()
        self.assertEqual("m4uMuBB/BGJfojbPQQ5+B8nFcmOo05MRRbg8F4zwe9aR7u7nXb+xErrKAF1PMQceDsTXu4s89Fvp3K2XUaDATAE8XA8=", line)

    def test_the_vectors_of_rfc_6962(self):
        self.assertEqual(hashlib.sha256().digest(), forger.root([]))
        self.assertEqual("6e340b9c", forger.leaf_hash(b"").hex()[:8])
        self.assertEqual("395aa064", forger.leaf_hash(b"L123456").hex()[:8])

    def test_a_path_of_every_leaf_of_every_tree_leads_to_its_root(self):
        hashes = [forger.leaf_hash(bytes([number])) for number in range(33)]
        for size in range(1, len(hashes) + 1):
            tree = hashes[:size]
            for index in range(size):
                path = forger.inclusion(index, tree)
                self.assertEqual(forger.root(tree), forger.root_by_inclusion(index, size, tree[index], path))


if __name__ == "__main__":
    unittest.main()
