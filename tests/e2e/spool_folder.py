"""What a test does to a spool's folder: looks at every byte, or puts a key in (through RocksDB's own library)."""
import ctypes
import hashlib
import os

FAMILIES = (b"default", b"events", b"ids", b"leaves", b"dead_letters")


def picture(folder):
    """Name, owner, mode, time of change and content of everything in it, and of the folder itself."""
    entries = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        found = path.stat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        entries[str(path)] = (found.st_uid, found.st_mode, found.st_mtime_ns, found.st_ino, digest)
    return entries


def put(folder, family, key, value):
    """Writes one key of a stopped spool."""
    library = ctypes.CDLL("librocksdb.so.7.8")
    pointer = ctypes.c_void_p
    for name in ("rocksdb_options_create", "rocksdb_writeoptions_create", "rocksdb_open_column_families"):
        getattr(library, name).restype = pointer
    options, write = pointer(library.rocksdb_options_create()), pointer(library.rocksdb_writeoptions_create())
    count, error = len(FAMILIES), ctypes.c_char_p()
    handles = (pointer * count)()
    database = pointer(library.rocksdb_open_column_families(
        options, os.fsencode(folder), count, (ctypes.c_char_p * count)(*FAMILIES),
        (pointer * count)(*[options.value] * count), handles, ctypes.byref(error)))
    assert not error.value, error.value
    library.rocksdb_put_cf(database, write, handles[FAMILIES.index(family)], key, ctypes.c_size_t(len(key)), value,
                           ctypes.c_size_t(len(value)), ctypes.byref(error))
    assert not error.value, error.value
    for handle in handles:
        library.rocksdb_column_family_handle_destroy(pointer(handle))
    library.rocksdb_close(database)
