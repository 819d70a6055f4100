using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lockstep.Core;

namespace Lockstep.Runtime.Registry;

/// <summary>A plan as a file: JSON with a digest, so that a plan somebody edited or cut short is not applied.</summary>
public static class PlanJson
{
    static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NewLine = "\n",
    };

    sealed record Saved(RegistryPlan Plan, string Digest);

    public static string Write(RegistryPlan plan) => JsonSerializer.Serialize(new Saved(plan, Digest(plan)), Options) + "\n";

    /// <param name="name">How messages call it: the file.</param>
    public static RegistryPlan Read(string json, string name)
    {
        Saved? saved;
        try
        {
            using (var document = JsonDocument.Parse(json))
                if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("plan", out var plan) && plan.ValueKind == JsonValueKind.Object
                    && plan.TryGetProperty("format", out var format) && format.TryGetInt32(out var number) && number > RegistryPlan.CurrentFormat)
                    throw new LockstepException(ErrorKind.Failed, $"The plan '{name}' has format {number}; this program reads formats up to {RegistryPlan.CurrentFormat}. Use a newer lockstep.");
            saved = JsonSerializer.Deserialize<Saved>(json, Options);
        }
        catch (JsonException e)
        {
            throw new LockstepException(ErrorKind.BadArguments, $"'{name}' is not a saved plan: {e.Message} Make one with: lockstep plan --out {name}", e);
        }
        if (saved?.Plan is null || saved.Digest != Digest(saved.Plan))
            throw new LockstepException(ErrorKind.BadArguments, $"The plan '{name}' was changed after it was made, or is not whole. Plan again.");
        return saved.Plan;
    }

    static string Digest(RegistryPlan plan) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(plan, Options))));
}
