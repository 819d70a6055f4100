using System.Text.Json.Nodes;
using Lockstep.Core.Rows;

namespace Lockstep.Cli.Output;

/// <summary>Feature values as JSON, in the formats of the interfaces: int64 as a number, decimals as text, bytes in base64, instants as RFC 3339.</summary>
internal static class JsonValues
{
    public static JsonNode? Of(Value value) => value.IsNull ? null : value.Kind switch
    {
        TypeKind.Bool => value.AsBool,
        TypeKind.Int32 => value.AsInt32,
        TypeKind.Int64 => value.AsInt64,
        TypeKind.Float32 => value.AsFloat32,
        TypeKind.Float64 => value.AsFloat64,
        TypeKind.List => new JsonArray([.. value.AsList.Select(Of)]),
        _ => value.ToString(),
    };
}
