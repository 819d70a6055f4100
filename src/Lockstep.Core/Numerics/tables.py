# Prints ElementaryTables.cs: python3 tables.py > ElementaryTables.cs (needs mpmath); with an argument, the series of Elementary.
# ElementaryTableTests recomputes every entry from integers and compares the bits, so nothing here is taken on trust.
import sys
from mpmath import mp, mpf, log, log1p, expm1, tanh, sin, cos, atan, asin, pi, sqrt, nint, floor, ldexp, chebyfit

mp.prec = 1600


def lit(x):
    return repr(float(x))  # mpmath rounds to nearest, ties to even


def head(x):
    """x cut to 26 bits."""
    if x == 0:
        return x
    unit = mpf(2)**(floor(log(abs(x), 2)) - 25)
    return unit * (floor(x / unit) if x > 0 else -floor(-x / unit))


def rest(x, upper):
    return x - mpf(float(upper))


def rows(items, per_line):
    items = list(items)
    return "".join("        " + " ".join(i + "," for i in items[n:n + per_line]) + "\n" for n in range(0, len(items), per_line))


def logarithms():
    for i in range(128):
        middle = mpf(176 + i + 0.5) / 256 if i < 80 else 1 + mpf(i - 80 + 0.5) / 128
        inverse = mpf(1) if i in (79, 80) else nint(512 / middle) / 512
        upper = nint(ldexp(-log(inverse), 42)) / mpf(2)**42
        yield from (lit(inverse), lit(upper), lit(-log(inverse) - upper))


def powers():
    for i in range(128):
        power = mpf(2)**(mpf(i) / 128)
        yield from (lit(power), lit(rest(power, power) / power))


def sines():
    for i in range(128):
        sine = mpf(0) if i % 64 == 0 else sin(i * pi / 64)
        cosine = mpf(0) if i % 64 == 32 else cos(i * pi / 64)
        yield from (lit(sine), lit(rest(sine, sine)), lit(head(cosine)), lit(cosine - head(cosine)))


def arctangents():
    for i in range(288):
        c = mpf(2)**(i // 32 - 4) * (1 + (i % 32 + mpf(0.5)) / 32)
        angle = atan(c)
        yield from (lit(c), lit(angle), lit(rest(angle, angle)))


def turn():
    bits = int(floor(ldexp(1 / (2 * pi), 22 * 64)))
    return ["0x%016X" % (bits >> 64 * i & 2**64 - 1) for i in range(22, -1, -1)]  # a word of zeros first


def series():
    def fit(name, f, low, high, terms):
        eps = mpf(10)**-60
        coefficients, error = chebyfit(lambda x: f(x if abs(x) > eps else eps), [low, high], terms, error=True)
        print(name, [lit(c) for c in coefficients[::-1]], "2^%.1f" % float(log(error, 2)))

    def odd(f):  # (f(x) - x) / x³ in x²
        return lambda z: (f(sqrt(z)) - sqrt(z)) / sqrt(z)**3

    fit("ln", lambda r: (log1p(r) - r + r * r / 2) / r**3, -mpf(0.0055), mpf(1) / 128, 6)
    fit("ln for pow", lambda r: (log1p(r) - r + r * r / 2) / r**3, -mpf(0.0055), mpf(1) / 128, 7)
    h = log(mpf(2)) / 256 * 1.0001
    fit("exp", lambda r: (expm1(r) - r) / r**2, -h, h, 4)
    fit("expm1", lambda x: (expm1(x) - x - x * x / 2) / x**3, -mpf(0.25), mpf(0.25), 9)
    fit("tanh", odd(tanh), 0, mpf(1) / 16, 8)
    h = (pi / 128 * 1.001)**2
    fit("sin", odd(sin), 0, h, 3)
    fit("cos", lambda z: (cos(sqrt(z)) - 1) / z, 0, h, 3)
    fit("atan", odd(atan), 0, mpf(1) / 256, 6)
    fit("asin", odd(asin), 0, mpf(0.25), 13)
    for name, x, bits in (("ln 2", log(mpf(2)), 42), ("ln 2 / 128", log(mpf(2)) / 128, 40), ("log2 e", 1 / log(mpf(2)), 26), ("log10 e", 1 / log(mpf(10)), 27)):
        upper = nint(ldexp(x, bits)) / mpf(2)**bits
        print(name, lit(upper), lit(x - upper), lit(x))
    x, parts = pi / 64, []
    for bits in (35, 66):
        part = floor(ldexp(x, bits)) / mpf(2)**bits
        parts.append(lit(part))
        x -= part
    print("π/64", parts, lit(x), "64/π", lit(64 / pi), "π/64 head and rest", lit(head(pi / 64)), lit(pi / 64 - head(pi / 64)))
    for name, x in (("π", pi), ("π/2", pi / 2)):
        print(name, lit(x), lit(rest(x, x)))


if len(sys.argv) > 1:
    series()
    sys.exit()

print("""namespace Lockstep.Core.Numerics;

// Written by tables.py. They stand in the program's image: no start-up time, no check for initialisation.
static class ElementaryTables
{
    /// <summary>For bin i of m (see Elementary.Log): a reciprocal 1/c in multiples of 1/512, ln c in multiples of 2^-42, and the rest of ln c.</summary>
    public static ReadOnlySpan<double> Logarithms =>
    [
%s    ];

    /// <summary>2^(i/128), and its rest as a part of it.</summary>
    public static ReadOnlySpan<double> Powers =>
    [
%s    ];

    /// <summary>The sine of i π/64 and its rest, the cosine cut to 26 bits and its rest.</summary>
    public static ReadOnlySpan<double> Sines =>
    [
%s    ];

    /// <summary>32 points c in each octave from 1/16 to 32, atan c, and its rest.</summary>
    public static ReadOnlySpan<double> ArcTangents =>
    [
%s    ];

    /// <summary>The bits of 1/(2π), after a word of zeros.</summary>
    public static ReadOnlySpan<ulong> InverseOfTurn =>
    [
%s    ];
}""" % (rows(logarithms(), 6), rows(powers(), 6), rows(sines(), 4), rows(arctangents(), 6), rows(turn(), 4)))
