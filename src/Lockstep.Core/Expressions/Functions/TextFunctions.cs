using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Functions;

/// <summary>Texts: UTF-8; lengths and positions count code points from 1; nothing depends on a locale (S17).</summary>
[FunctionGroup("Text")]
static class TextFunctions
{
    [Function("length", Summary = "The number of code points.", Example = "length('naïve')", Gives = "5")]
    public static long Length(Utf8Text text)
    {
        // Bytes but those that go on with a code point (10xxxxxx, the least as signed bytes): of short texts in one step, else eight at a time.
        if (text.Length <= 32 && text.TryPeek(out var bytes))
            return BitOperations.PopCount(Vector256.GreaterThan(bytes.AsSByte(), Vector256.Create((sbyte)-65)).ExtractMostSignificantBits() & (uint)((1UL << text.Length) - 1));
        var span = text.Span;
        var count = span.Length;
        if (span.Length >= 8)
        {
            var last = BinaryPrimitives.ReadUInt64LittleEndian(span[^8..]);
            for (; span.Length >= 8; span = span[8..]) count -= Continuing(BinaryPrimitives.ReadUInt64LittleEndian(span));
            return span.Length == 0 ? count : count - Continuing(last >> 8 * (8 - span.Length));
        }
        foreach (var b in span)
            if ((b & 0xC0) == 0x80) count--;
        return count;

        static int Continuing(ulong bytes) => BitOperations.PopCount(bytes >> 7 & ~(bytes >> 6) & 0x0101010101010101);
    }

    [Function("lower", Summary = "In small letters, by Unicode, whatever the locale.", Example = "lower('ÄB')", Gives = "äb")]
    public static Utf8Text Lower(Scratch scratch, Utf8Text text) => Map(scratch, text, upper: false);

    [Function("upper", Summary = "In capitals, by Unicode, whatever the locale.", Example = "upper('äb')", Gives = "ÄB")]
    public static Utf8Text Upper(Scratch scratch, Utf8Text text) => Map(scratch, text, upper: true);

    static Utf8Text Map(Scratch scratch, Utf8Text text, bool upper)
    {
        var room = scratch.Rent(text.Length * 3); // a code point of two bytes may map to one of three
        var status = upper ? Ascii.ToUpper(text.Span, room, out var ascii) : Ascii.ToLower(text.Span, room, out ascii);
        if (status == OperationStatus.Done) return scratch.Finish(ascii); // else it is not ASCII
        var written = 0;
        for (var rest = text.Span; !rest.IsEmpty;)
        {
            Rune.DecodeFromUtf8(rest, out var rune, out var used);
            rest = rest[used..];
            written += (upper ? Rune.ToUpperInvariant(rune) : Rune.ToLowerInvariant(rune)).EncodeToUtf8(room[written..]);
        }
        return scratch.Finish(written);
    }

    [Function("trim", Summary = "Without blanks, tabs and line ends at both ends.", Example = "trim('  a b ')", Gives = "a b")]
    public static Utf8Text Trim(Utf8Text text) => Rtrim(Ltrim(text));

    [Function("ltrim", Summary = "Without blanks, tabs and line ends in front.", Example = "ltrim('  a')", Gives = "a")]
    public static Utf8Text Ltrim(Utf8Text text)
    {
        var start = 0;
        while (start < text.Length && IsBlank(text.Span[start])) start++;
        return start == 0 ? text : text.Slice(start, text.Length - start);
    }

    [Function("rtrim", Summary = "Without blanks, tabs and line ends behind.", Example = "rtrim('a  ')", Gives = "a")]
    public static Utf8Text Rtrim(Utf8Text text)
    {
        var end = text.Length;
        while (end > 0 && IsBlank(text.Span[end - 1])) end--;
        return end == text.Length ? text : text.Slice(0, end);
    }

    internal static bool IsBlank(byte b) => b is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';

    [Function("substring", Summary = "So many code points from the given position on, which counts from 1; null for a negative count.", Example = "substring('abcdef', 2, 3)", Gives = "bcd")]
    public static bool Substring(Utf8Text text, long start, long count, out Utf8Text part)
    {
        part = text;
        if (count < 0) return false;
        var last = start > long.MaxValue - count ? long.MaxValue : start + count; // not included
        var from = Offset(text, Math.Max(start, 1) - 1);
        var to = Offset(text, Math.Max(last, 1) - 1);
        part = text.Slice(from, Math.Max(0, to - from));
        return true;
    }

    [Function("substring", Summary = "Everything from the given position on, which counts from 1.", Example = "substring('abcdef', 4)", Gives = "def")]
    public static Utf8Text Substring(Utf8Text text, long start)
    {
        var from = Offset(text, Math.Max(start, 1) - 1);
        return text.Slice(from, text.Length - from);
    }

    [Function("left", Summary = "The first n code points; null for a negative n.", Example = "left('abc', 2)", Gives = "ab")]
    public static bool Left(Utf8Text text, long n, out Utf8Text part) => Substring(text, 1, n, out part);

    [Function("right", Summary = "The last n code points; null for a negative n.", Example = "right('abc', 2)", Gives = "bc")]
    public static bool Right(Utf8Text text, long n, out Utf8Text part)
    {
        part = text;
        if (n < 0) return false;
        var from = Offset(text, Math.Max(0, Length(text) - n));
        part = text.Slice(from, text.Length - from);
        return true;
    }

    // Bytes before the code point of this number, counted from 0.
    static int Offset(Utf8Text text, long codePoint)
    {
        var span = text.Span;
        if (codePoint >= span.Length) return span.Length;
        var offset = 0;
        for (; offset < span.Length; offset++)
            if ((span[offset] & 0xC0) != 0x80 && codePoint-- == 0) break;
        return offset;
    }

    [Function("position", Summary = "Where the part begins first, from 1; 0 when it does not occur.", Example = "position('hello', 'l')", Gives = "3")]
    public static long Position(Utf8Text text, Utf8Text part)
    {
        var at = text.Span.IndexOf(part.Span);
        return at < 0 ? 0 : Length(text.Slice(0, at)) + 1;
    }

    [Function("contains", Summary = "Whether the part occurs.", Example = "contains('hello', 'ell')", Gives = "true")]
    public static bool Contains(Utf8Text text, Utf8Text part) => text.Span.IndexOf(part.Span) >= 0;

    [Function("starts_with", Summary = "Whether the text begins with the part.", Example = "starts_with('hello', 'he')", Gives = "true")]
    public static bool StartsWith(Utf8Text text, Utf8Text part) => text.Span.StartsWith(part.Span);

    [Function("ends_with", Summary = "Whether the text ends with the part.", Example = "ends_with('hello', 'lo')", Gives = "true")]
    public static bool EndsWith(Utf8Text text, Utf8Text part) => text.Span.EndsWith(part.Span);

    [Function("like", Hidden = true)]
    public static bool Like(Utf8Text text, [Prepared(nameof(PatternOfLike))] Utf8Text pattern)
    {
        // % any number of code points, _ one. Greedy with one way back: linear but for the last %.
        ReadOnlySpan<byte> s = text.Span, p = pattern.Span;
        int si = 0, pi = 0, star = -1, mark = 0;
        while (si < s.Length)
        {
            if (pi < p.Length && p[pi] == '%') (star, mark) = (pi++, si);
            else if (pi < p.Length && p[pi] == '_') { si += Size(s[si]); pi++; }
            else if (pi < p.Length && p[pi] == s[si]) { si++; pi++; }
            else if (star >= 0) { mark += Size(s[mark]); (si, pi) = (mark, star + 1); }
            else return false;
        }
        while (pi < p.Length && p[pi] == '%') pi++;
        return pi == p.Length;

        static int Size(byte first) => first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    }

    static LikePattern? PatternOfLike(Utf8Text pattern) => LikePattern.Of(pattern.Span);

    static bool Like(Utf8Text text, LikePattern pattern) => pattern.Matches(text.Span);

    [Function("replace", Summary = "With every occurrence of the part replaced; null when the result would be over 1 MiB.", Example = "replace('a-b-c', '-', '+')", Gives = "a+b+c")]
    public static bool Replace(Scratch scratch, Utf8Text text, Utf8Text part, Utf8Text by, out Utf8Text result)
    {
        result = text;
        if (part.Length == 0) return true;
        var count = 0;
        for (var rest = text.Span; rest.IndexOf(part.Span) is >= 0 and var at; rest = rest[(at + part.Length)..]) count++;
        if (count == 0) return true;
        var size = text.Length + (long)count * (by.Length - part.Length);
        if (size > Syntax.ExpressionLimits.MaxTextResult) return false;
        var room = scratch.Rent((int)size);
        var written = 0;
        for (var rest = text.Span; ;)
        {
            var at = rest.IndexOf(part.Span);
            var keep = at < 0 ? rest : rest[..at];
            keep.CopyTo(room[written..]);
            written += keep.Length;
            if (at < 0) break;
            by.Span.CopyTo(room[written..]);
            written += by.Length;
            rest = rest[(at + part.Length)..];
        }
        result = scratch.Finish(written);
        return true;
    }

    [Function("reverse", Summary = "Its code points from the last to the first.", Example = "reverse('abc')", Gives = "cba")]
    public static Utf8Text Reverse(Scratch scratch, Utf8Text text)
    {
        var room = scratch.Rent(text.Length);
        var to = text.Length;
        for (var rest = text.Span; !rest.IsEmpty;)
        {
            var size = 1;
            while (size < rest.Length && (rest[size] & 0xC0) == 0x80) size++;
            to -= size;
            rest[..size].CopyTo(room[to..]);
            rest = rest[size..];
        }
        return scratch.Finish(text.Length);
    }

    [Function("split_part", Summary = "The n-th part between separators, from 1, or from the end when negative; empty when there are fewer; null for 0.", Example = "split_part('a,b,c', ',', -1)", Gives = "c")]
    public static bool SplitPart(Utf8Text text, Utf8Text separator, long n, out Utf8Text part)
    {
        part = text.Slice(0, 0);
        if (n == 0) return false;
        if (separator.Length == 0)
        {
            if (n is 1 or -1) part = text;
            return true;
        }
        if (n < 0)
        {
            long parts = 1;
            for (var rest = text.Span; rest.IndexOf(separator.Span) is >= 0 and var at; rest = rest[(at + separator.Length)..]) parts++;
            n = parts + n + 1;
            if (n < 1) return true;
        }
        var start = 0;
        for (long i = 1; ; i++)
        {
            var at = text.Span[start..].IndexOf(separator.Span);
            if (i == n)
            {
                part = text.Slice(start, at < 0 ? text.Length - start : at);
                return true;
            }
            if (at < 0) return true;
            start += at + separator.Length;
        }
    }

    [Function("split", Summary = "The parts between separators; the whole text when it holds none or the separator is empty. Null beyond 100,000 parts.", Example = "split('a,b,,c', ',')", Gives = "[\"a\", \"b\", \"\", \"c\"]")]
    public static bool Split(Scratch scratch, Utf8Text text, Utf8Text separator, out ListValue<Utf8Text> parts)
    {
        parts = default;
        var count = Occurrences(text, separator) + 1;
        if (count > Syntax.ExpressionLimits.MaxListLength) return false;
        var items = scratch.RentList<Utf8Text>((int)count, out var first);
        var start = 0;
        for (var i = 0; i < count; i++)
        {
            var length = i == count - 1 ? text.Length - start : text.Span[start..].IndexOf(separator.Span);
            items[first + i] = text.Slice(start, length);
            start += length + separator.Length;
        }
        parts = new(items, first, (int)count);
        return true;
    }

    [Function("occurrences", Summary = "How often the part occurs, without overlaps; 0 for an empty part.", Example = "occurrences('banana', 'an')", Gives = "2")]
    public static long Occurrences(Utf8Text text, Utf8Text part)
    {
        long count = 0;
        if (part.Length == 0) return 0;
        for (var rest = text.Span; rest.IndexOf(part.Span) is >= 0 and var at; rest = rest[(at + part.Length)..]) count++;
        return count;
    }

    [Function("token_count", Summary = "The number of words: runs of anything but blanks, tabs and line ends.", Example = "token_count(' to be  or ')", Gives = "3")]
    public static long TokenCount(Utf8Text text)
    {
        long count = 0;
        var inside = false;
        foreach (var b in text.Span)
        {
            if (!IsBlank(b) && !inside) count++;
            inside = !IsBlank(b);
        }
        return count;
    }

    [Function("hash64", Group = "Scaling and encoding", Summary = "xxHash64 of the text's bytes with seed 0, as an int64.", Example = "hash64('a')", Gives = "-3292477735350538661")]
    public static long Hash64(Utf8Text text) => unchecked((long)XxHash64.Hash(text.Span));

    [Function("hash64", Group = "Scaling and encoding", Summary = "xxHash64 of the number's eight bytes, little-endian, with seed 0, as an int64.", Example = "hash64(1)", Gives = "-6977822845260490347")]
    public static long Hash64(long number) => unchecked((long)XxHash64.Hash(unchecked((ulong)number)));

    [Function("hash_bucket", Group = "Scaling and encoding", Summary = "One of n buckets, 0 to n - 1, by hash64; null when n is not positive.", Formula = "hash64 as an unsigned number, modulo n", Example = "hash_bucket('a', 10)", Gives = "5")]
    public static bool HashBucket(Utf8Text text, long n, out long bucket)
    {
        bucket = n > 0 ? (long)(XxHash64.Hash(text.Span) % (ulong)n) : 0;
        return n > 0;
    }

    [Function("hash_bucket", Group = "Scaling and encoding", Summary = "One of n buckets, 0 to n - 1, by hash64; null when n is not positive.", Example = "hash_bucket(1, 10)", Gives = "9")]
    public static bool HashBucket(long number, long n, out long bucket)
    {
        bucket = n > 0 ? (long)(XxHash64.Hash(unchecked((ulong)number)) % (ulong)n) : 0;
        return n > 0;
    }

    [Function("cross_bucket", Group = "Scaling and encoding", Summary = "One of n buckets for a pair: a feature cross; ('1','23') and ('12','3') are different pairs.", Formula = "xxHash64 of b with xxHash64 of a as its seed, modulo n", Example = "cross_bucket('UA', 'JFK', 1000)", Gives = "631")]
    public static bool CrossBucket(Utf8Text a, Utf8Text b, long n, out long bucket)
    {
        bucket = n > 0 ? (long)(XxHash64.Hash(b.Span, XxHash64.Hash(a.Span)) % (ulong)n) : 0;
        return n > 0;
    }

    [Function("md5", Summary = "The MD5 of the text's bytes, in small hexadecimal digits.", Example = "md5('a')", Gives = "0cc175b9c0f1b6a831c399e269772661")]
    public static Utf8Text Md5(Scratch scratch, Utf8Text text)
    {
        Span<byte> hash = stackalloc byte[16];
#pragma warning disable CA5351 // not for secrets: to join with what other systems hashed so
        MD5.HashData(text.Span, hash);
#pragma warning restore CA5351
        var room = scratch.Rent(32);
        for (var i = 0; i < 16; i++)
        {
            room[2 * i] = "0123456789abcdef"u8[hash[i] >> 4];
            room[2 * i + 1] = "0123456789abcdef"u8[hash[i] & 15];
        }
        return scratch.Finish(32);
    }

    // Patterns are constants in practice. Without backtracking, matching is linear in the text whatever the pattern.
    static readonly ConcurrentDictionary<string, Regex?> s_patterns = new(StringComparer.Ordinal);

    static Regex? Pattern(Utf8Text pattern)
    {
        if (s_patterns.Count > 1_000) s_patterns.Clear();
        return s_patterns.GetOrAdd(pattern.ToString(), static text =>
        {
            try { return new Regex(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant); }
            catch (Exception e) when (e is ArgumentException or NotSupportedException) { return null; } // no pattern: null, like any argument outside the domain
        });
    }

    [Function("regexp_matches", Summary = "Whether the pattern matches somewhere. Patterns are .NET's without look-around and back-references, so that time is linear; null for what is no pattern.", Example = "regexp_matches('flight 12', '[0-9]+')", Gives = "true")]
    public static bool RegexpMatches(Utf8Text text, [Prepared(nameof(Pattern))] Utf8Text pattern, out bool matches)
    {
        matches = false;
        return Pattern(pattern) is { } regex && RegexpMatches(text, regex, out matches);
    }

    [ThreadStatic] static char[]? s_chars;

    static bool RegexpMatches(Utf8Text text, Regex pattern, out bool matches)
    {
        if (s_chars is null || s_chars.Length < text.Length) s_chars = new char[Math.Max(256, text.Length * 2)];
        matches = pattern.IsMatch(s_chars.AsSpan(0, Encoding.UTF8.GetChars(text.Span, s_chars)));
        return true;
    }

    [Function("regexp_extract", Summary = "The first match of the pattern, or of its group; empty when there is none; null for what is no pattern or group.", Example = "regexp_extract('flight 12', '([a-z]+) ([0-9]+)', 2)", Gives = "12")]
    public static bool RegexpExtract(Utf8Text text, Utf8Text pattern, long group, out Utf8Text match)
    {
        match = default;
        if (Pattern(pattern) is not { } regex || group < 0 || group >= regex.GetGroupNumbers().Length) return false;
        match = Utf8Text.Of(regex.Match(text.ToString()).Groups[(int)group].Value);
        return true;
    }

    [Function("regexp_replace", Summary = "With every match replaced ($1 is the first group); null for what is no pattern, or a result over 1 MiB.", Example = "regexp_replace('a1b22', '[0-9]+', '#')", Gives = "a#b#")]
    public static bool RegexpReplace(Utf8Text text, Utf8Text pattern, Utf8Text by, out Utf8Text result)
    {
        result = default;
        if (Pattern(pattern) is not { } regex) return false;
        result = Utf8Text.Of(regex.Replace(text.ToString(), by.ToString()));
        return result.Length <= Syntax.ExpressionLimits.MaxTextResult;
    }

    [Function("levenshtein", Summary = "The least number of code points to insert, delete or replace to turn one into the other; null for texts over 4,096 bytes.", Example = "levenshtein('kitten', 'sitting')", Gives = "3")]
    public static bool Levenshtein(Utf8Text a, Utf8Text b, out long distance)
    {
        distance = 0;
        if (a.Length > 4096 || b.Length > 4096) return false;
        Span<int> left = stackalloc int[a.Length], right = stackalloc int[b.Length];
        left = left[..Runes(a, left)];
        right = right[..Runes(b, right)];
        Span<int> row = stackalloc int[right.Length + 1];
        for (var j = 0; j <= right.Length; j++) row[j] = j;
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (left[i - 1] == right[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        distance = row[right.Length];
        return true;
    }

    [Function("jaro_winkler", Summary = "How alike two texts are, 0 to 1, a common beginning counting more (W. E. Winkler, 1990: prefix up to 4, weight 0.1); null for texts over 4,096 bytes.", Example = "round(jaro_winkler('MARTHA', 'MARHTA'), 6)", Gives = "0.961111")]
    public static bool JaroWinkler(Utf8Text a, Utf8Text b, out double similarity)
    {
        similarity = 0;
        if (a.Length > 4096 || b.Length > 4096) return false;
        Span<int> left = stackalloc int[a.Length], right = stackalloc int[b.Length];
        left = left[..Runes(a, left)];
        right = right[..Runes(b, right)];
        if (left.Length == 0 || right.Length == 0)
        {
            similarity = left.Length == right.Length ? 1 : 0;
            return true;
        }
        var window = Math.Max(0, Math.Max(left.Length, right.Length) / 2 - 1);
        Span<bool> leftMatched = stackalloc bool[left.Length], rightMatched = stackalloc bool[right.Length];
        var matches = 0;
        for (var i = 0; i < left.Length; i++)
            for (var j = Math.Max(0, i - window); j < Math.Min(right.Length, i + window + 1); j++)
            {
                if (rightMatched[j] || left[i] != right[j]) continue;
                leftMatched[i] = rightMatched[j] = true;
                matches++;
                break;
            }
        if (matches == 0) return true;
        var (moved, k) = (0, 0);
        for (var i = 0; i < left.Length; i++)
        {
            if (!leftMatched[i]) continue;
            while (!rightMatched[k]) k++;
            if (left[i] != right[k++]) moved++;
        }
        double m = matches;
        var jaro = (m / left.Length + m / right.Length + (m - moved / 2.0) / m) / 3;
        var prefix = 0;
        while (prefix < Math.Min(4, Math.Min(left.Length, right.Length)) && left[prefix] == right[prefix]) prefix++;
        similarity = jaro + prefix * 0.1 * (1 - jaro);
        return true;
    }

    static int Runes(Utf8Text text, Span<int> to)
    {
        var count = 0;
        for (var rest = text.Span; !rest.IsEmpty;)
        {
            Rune.DecodeFromUtf8(rest, out var rune, out var used);
            rest = rest[used..];
            to[count++] = rune.Value;
        }
        return count;
    }
}
