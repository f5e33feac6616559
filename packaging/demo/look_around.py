"""The commands that show what is in the stores: run here, so that what stands on the screen is known to work."""
import subprocess

from demo.report import say
from demo.servers import BINARY, SOURCE_ROOT

PYTHON = SOURCE_ROOT / "build" / "python" / "bin" / "python"


def psql_command(play):
    return (f"psql {play.postgres_shown} -c \"SELECT occurred_at, event_type, account, ip, failed_login_attempts AS failed"
            f" FROM auth_logs WHERE tenant_id = '{play.tenants.shop}' ORDER BY occurred_at DESC LIMIT 4\"")


def pymongo_command(play):
    return (f"{PYTHON} -c 'import pymongo, sys; db = pymongo.MongoClient(sys.argv[1]).get_default_database();"
            f" [print(r[\"occurred_at\"], r[\"event_type\"], r.get(\"account\"), r.get(\"ip\")) for r in"
            f" db.auth_logs.find({{\"tenant_id\": \"{play.tenants.shop}\"}}).sort(\"occurred_at\", -1).limit(4)]'"
            f" {play.documents_shown}")


def status_command(play):
    return f"{BINARY} status --config {play.stack.config}"


def show(play):
    for command in (psql_command(play), pymongo_command(play), status_command(play)):
        say(f"   $ {command}")
        done = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, timeout=60)
        for line in done.stdout.rstrip().splitlines():
            say(f"     {line}")
    if not play.stack.kept:
        say("   With --keep everything stays running, and these commands work in your shell.")


def show_kept(play, stop_script):
    stack = play.stack
    event = ('{"tenant_id":"' + play.tenants.shop + '","event_type":"login_failed","username":"alice",'
             '"occurred_at":"\'$(date -u +%FT%TZ)\'"}')
    say("   The commands above, and:")
    say(f"   curl -s -H 'Content-Type: application/json' -d '{event}' http://127.0.0.1:{stack.http_port}/v1/events")
    say(f"   echo '{event}' | {BINARY} send --socket {stack.socket}")
    say(f"   {BINARY} check --config {stack.config} --stores")
    say(f"   curl -s http://127.0.0.1:{stack.admin_port}/metrics")
    say(f"   tail -f {stack.log}")
    if play.are_private:
        say("   The stores ask for no password: they are for looking around on this machine only.")
    say("   To stop everything and remove its folder:")
    say(f"   {stop_script}")
