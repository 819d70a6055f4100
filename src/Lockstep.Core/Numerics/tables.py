# Prints ElementaryTables.cs: python3 tables.py > ElementaryTables.cs (needs mpmath).
# TableTests recomputes every entry from integers and compares the bits, so nothing here is taken on trust.
from mpmath import mp, mpf, log, exp, atan, nint, ldexp, chebyfit

mp.prec = 400


def double(x):
    return float(x)  # mpmath rounds to nearest, ties to even


def lit(x):
    return repr(double(x))


def rows(items, per_line):
    return "".join("        " + " ".join(i + "," for i in items[n:n + per_line]) + "\n" for n in range(0, len(items), per_line))


def logarithms():
    # Bin i of m in [0.6875, 1.375): steps of 1/256 below 1, of 1/128 above. The two beside 1 have c = 1, so that ln is exact near 1.
    for i in range(128):
        middle = mpf(176 + i + 0.5) / 256 if i < 80 else 1 + mpf(i - 80 + 0.5) / 128
        inverse = mpf(1) if i in (79, 80) else nint(ldexp(1 / middle, 20)) / 2**20
        high = nint(ldexp(-log(inverse), 42)) / mpf(2)**42
        yield from (lit(inverse), lit(high), lit(-log(inverse) - high))


print("""namespace Lockstep.Core.Numerics;

// Written by tables.py. They stand in the program's image: no start-up time, no check for initialisation.
static class ElementaryTables
{
    /// <summary>For bin i of m (see Elementary.Log): a reciprocal 1/c of 21 bits, ln c in multiples of 2^-42, and the rest of ln c.</summary>
    public static ReadOnlySpan<double> Logarithms =>
    [
%s    ];
}""" % rows(list(logarithms()), 3))
