"""What can be wrong between an agent and a store beside the stories of health_store_rows.py, told in the same way: each
function yields twice, when all should be well and when it is broken, and mends it then."""
import contextlib

import psycopg

import health_scene
import pooler
from frame_proxy import Fault, FrameProxy

LATE_BY = 0.3  # Seconds for each reply of a slow store.


def behind_proxy(scene, store):
    """Starts the agent with a proxy before this store."""
    proxy = FrameProxy(getattr(scene, store))
    scene.case.addCleanup(proxy.close)
    scene.start(**{store: f'uri = "{proxy.uri}"'})
    return proxy


def story(name, store, trouble):
    """`trouble`: what begins and ends as a context of the proxy before the store."""
    def told(scene):
        proxy = behind_proxy(scene, store)
        yield
        with trouble(proxy):
            yield
    told.__name__ = name
    return told


def always(fault):
    return lambda proxy: proxy.always(fault, LATE_BY)


postgres_slow = story("postgres_slow", "postgres", always(Fault.REPLY_LATE))
document_store_slow = story("document_store_slow", "mongodb", always(Fault.REPLY_LATE))
postgres_resets_every_connection = story("postgres_resets_every_connection", "postgres", always(Fault.REPLY_LOST))
document_store_resets_every_connection = story("document_store_resets_every_connection", "mongodb", always(Fault.REPLY_LOST))
postgres_half_open = story("postgres_half_open", "postgres", FrameProxy.half_open)
document_store_half_open = story("document_store_half_open", "mongodb", FrameProxy.half_open)
document_store_not_primary = story("document_store_not_primary", "mongodb", always(Fault.NOT_PRIMARY))
document_store_without_majority = story("document_store_without_majority", "mongodb", always(Fault.UNCONFIRMED))


def pooler_exhausted(scene):
    """Its only connection to the server is with somebody else, in a transaction that does not end."""
    pool = pooler.Pooler(scene.server, users=(health_scene.WRITER,), default_pool_size=1)
    scene.case.addCleanup(pool.close)
    address = pool.uri(scene.database, user=health_scene.WRITER)
    scene.start(postgres=f'uri = "{address}"')
    yield
    with contextlib.closing(psycopg.connect(address, autocommit=True, prepare_threshold=None)) as other:
        other.execute("BEGIN")
        yield
