"""TAP, as tests/run reads it."""
import sys

NUMBER = 0


def tell(ok, name, details=(), skip=None):
    global NUMBER
    NUMBER += 1
    print("%s %d %s%s" % ("ok" if ok else "not ok", NUMBER, name, " # skip " + skip if skip else ""))
    for detail in details:
        print("# %s" % detail)
    sys.stdout.flush()


def finish():
    print("1..%d" % NUMBER)
