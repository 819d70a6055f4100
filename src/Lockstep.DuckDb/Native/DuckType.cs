using System.Globalization;
using System.Text;

namespace Lockstep.DuckDb.Native;

/// <summary>The type of a result column, read out of DuckDB's description of it once.</summary>
internal sealed record DuckType(TypeId Id)
{
    /// <summary>Digits of a decimal, in all and after the point.</summary>
    public byte Width { get; private init; }
    public byte Scale { get; private init; }

    /// <summary>How decimals and enumerations are stored.</summary>
    public TypeId Storage { get; private init; }

    /// <summary>The type of the elements of a list or array.</summary>
    public DuckType? Element { get; private init; }

    /// <summary>Elements in each row of an array.</summary>
    public int ArraySize { get; private init; }

    /// <summary>The texts of an enumeration, in UTF-8.</summary>
    public byte[][] Texts { get; private init; } = [];

    /// <summary>Reads and destroys the description.</summary>
    public static unsafe DuckType Take(nint type)
    {
        try
        {
            var id = Api.duckdb_get_type_id(type);
            return id switch
            {
                TypeId.Decimal => new(id)
                {
                    Width = Api.duckdb_decimal_width(type),
                    Scale = Api.duckdb_decimal_scale(type),
                    Storage = Api.duckdb_decimal_internal_type(type),
                },
                TypeId.Enum => new(id) { Storage = Api.duckdb_enum_internal_type(type), Texts = EnumTexts(type) },
                TypeId.List => new(id) { Element = Take(Api.duckdb_list_type_child_type(type)) },
                TypeId.Array => new(id)
                {
                    Element = Take(Api.duckdb_array_type_child_type(type)),
                    ArraySize = (int)Api.duckdb_array_type_array_size(type),
                },
                _ => new(id),
            };
        }
        finally
        {
            Api.duckdb_destroy_logical_type(ref type);
        }
    }

    static unsafe byte[][] EnumTexts(nint type)
    {
        var texts = new byte[Api.duckdb_enum_dictionary_size(type)][];
        for (var i = 0; i < texts.Length; i++)
            texts[i] = Encoding.UTF8.GetBytes(Api.TakeText(Api.duckdb_enum_dictionary_value(type, (ulong)i)));
        return texts;
    }

    public override string ToString() => Id switch
    {
        TypeId.Decimal => string.Create(CultureInfo.InvariantCulture, $"decimal({Width},{Scale})"),
        TypeId.List => $"list<{Element}>",
        TypeId.Array => $"list<{Element}>",
        TypeId.TimestampTz => "timestamp with time zone",
        TypeId.TimestampS or TypeId.TimestampMs or TypeId.TimestampNs => "timestamp",
        _ => Id.ToString().ToLowerInvariant(),
    };
}
