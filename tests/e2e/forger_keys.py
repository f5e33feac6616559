"""Ed25519 and AES-128 for the forger, out of the OpenSSL that is there anyway; the rest of the forger shares no code with
the agent."""
import base64
import ctypes
import hashlib

ED25519 = 1087  # NID_ED25519
LIBRARY = ctypes.CDLL("libcrypto.so.3")
for name, result, arguments in (
        ("EVP_PKEY_new_raw_private_key", "p", "ipsn"), ("EVP_PKEY_new_raw_public_key", "p", "ipsn"),
        ("EVP_PKEY_get_raw_public_key", "i", "psp"), ("EVP_PKEY_free", None, "p"), ("EVP_MD_CTX_new", "p", ""),
        ("EVP_MD_CTX_free", None, "p"), ("EVP_DigestSignInit", "i", "ppppp"), ("EVP_DigestSign", "i", "pspsn"),
        ("EVP_DigestVerifyInit", "i", "ppppp"), ("EVP_DigestVerify", "i", "psnsn"), ("EVP_CIPHER_CTX_new", "p", ""),
        ("EVP_CIPHER_CTX_free", None, "p"), ("EVP_aes_128_ecb", "p", ""), ("EVP_EncryptInit_ex", "i", "pppss"),
        ("EVP_EncryptUpdate", "i", "pspsi")):
    KINDS = {"p": ctypes.c_void_p, "i": ctypes.c_int, "s": ctypes.c_char_p, "n": ctypes.c_size_t, None: None}
    function = getattr(LIBRARY, name)
    function.restype, function.argtypes = KINDS[result], [KINDS[kind] for kind in arguments]


def aes_128_block(key, block):
    """One block, encrypted."""
    context, out, length = LIBRARY.EVP_CIPHER_CTX_new(), ctypes.create_string_buffer(32), ctypes.c_int()
    try:
        assert LIBRARY.EVP_EncryptInit_ex(context, LIBRARY.EVP_aes_128_ecb(), None, key, None) == 1
        assert LIBRARY.EVP_EncryptUpdate(context, out, ctypes.byref(length), block, len(block)) == 1
    finally:
        LIBRARY.EVP_CIPHER_CTX_free(context)
    return out.raw[:16]


def key_id(name, public):
    return hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]


def verifier_text(name, public):
    return f"{name}+{key_id(name, public).hex()}+{base64.b64encode(bytes([1]) + public).decode()}"


class SigningKey:
    """An Ed25519 key with the name that it signs notes under."""

    def __init__(self, name, seed):
        self.name, self.seed = name, seed
        self.handle = LIBRARY.EVP_PKEY_new_raw_private_key(ED25519, None, seed, 32)
        raw, length = ctypes.create_string_buffer(32), ctypes.c_size_t(32)
        assert LIBRARY.EVP_PKEY_get_raw_public_key(self.handle, raw, ctypes.byref(length)) == 1
        self.public = raw.raw

    def __del__(self):
        LIBRARY.EVP_PKEY_free(self.handle)

    @property
    def id(self):
        return key_id(self.name, self.public)

    @property
    def verifier(self):
        return verifier_text(self.name, self.public)

    def sign(self, text):
        context, out, length = LIBRARY.EVP_MD_CTX_new(), ctypes.create_string_buffer(64), ctypes.c_size_t(64)
        try:
            assert LIBRARY.EVP_DigestSignInit(context, None, None, None, self.handle) == 1
            assert LIBRARY.EVP_DigestSign(context, out, ctypes.byref(length), text, len(text)) == 1
        finally:
            LIBRARY.EVP_MD_CTX_free(context)
        return out.raw

    def line(self, body, name=None):
        """A signature line over a note's body; `name` lies about who signed."""
        shown = name or self.name
        packed = key_id(shown, self.public) + self.sign(body.encode())
        return f"\u2014 {shown} {base64.b64encode(packed).decode()}\n"

    @classmethod
    def of_file(cls, text):
        """The form of Go's note package, as `twinlog keygen` writes it."""
        _, _, rest = text.strip().partition("PRIVATE+KEY+")
        name, hexadecimal, encoded = rest.split("+", 2)
        raw = base64.b64decode(encoded)
        key = cls(name, raw[1:])
        assert raw[0] == 1 and key.id.hex() == hexadecimal
        return key


def signature_holds(public, body, signature):
    handle = LIBRARY.EVP_PKEY_new_raw_public_key(ED25519, None, public, 32)
    context = LIBRARY.EVP_MD_CTX_new()
    try:
        assert LIBRARY.EVP_DigestVerifyInit(context, None, None, None, handle) == 1
        return LIBRARY.EVP_DigestVerify(context, signature, len(signature), body, len(body)) == 1
    finally:
        LIBRARY.EVP_MD_CTX_free(context)
        LIBRARY.EVP_PKEY_free(handle)


def public_of(verifier):
    """(name, public key) of a verifier key text."""
    name, _, encoded = verifier.split("+", 2)
    return name, base64.b64decode(encoded)[1:]
