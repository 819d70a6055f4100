using Microsoft.Extensions.Primitives;

namespace Lockstep.Server.Http;

static class ContentTypes
{
    public const string Json = "application/json";

    /// <summary><c>application/json</c> or any <c>…+json</c>, with or without parameters.</summary>
    public static bool IsJson(string? contentType)
    {
        if (contentType is null) return false;
        if (contentType == Json) return true;
        var media = contentType.AsSpan();
        if (media.IndexOf(';') is var at and >= 0) media = media[..at];
        media = media.Trim();
        return media.Equals(Json, StringComparison.OrdinalIgnoreCase) || media.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The first of the offered types that the caller's <c>Accept</c> names; the first of all when it names none or anything.</summary>
    public static string? Choose(StringValues accept, params ReadOnlySpan<string> offered)
    {
        if (StringValues.IsNullOrEmpty(accept)) return offered[0];
        foreach (var item in accept.ToString().Split(','))
        {
            var media = item.Split(';')[0].Trim();
            if (media == "*/*") return offered[0];
            foreach (var type in offered)
                if (string.Equals(media, type, StringComparison.OrdinalIgnoreCase) || media.EndsWith("/*", StringComparison.Ordinal) && type.StartsWith(media[..^1], StringComparison.OrdinalIgnoreCase)) return type;
        }
        return null;
    }
}
