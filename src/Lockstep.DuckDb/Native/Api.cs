using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Lockstep.DuckDb.Native;

/// <summary>
/// The part of DuckDB's C API that is used, under its own names. The tiny getters skip the GC transition;
/// nothing that can run a query, wait, or call back may.
/// </summary>
internal static unsafe partial class Api
{
    const string Library = DuckDbLibrary.Name;

    [LibraryImport(Library)] public static partial byte* duckdb_library_version();
    [LibraryImport(Library)] public static partial void duckdb_free(void* memory);

    // Databases and connections
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial State duckdb_open_ext(string? path, out nint database, nint config, out byte* error);
    [LibraryImport(Library)] public static partial void duckdb_close(ref nint database);
    [LibraryImport(Library)] public static partial State duckdb_create_config(out nint config);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial State duckdb_set_config(nint config, string name, string option);
    [LibraryImport(Library)] public static partial void duckdb_destroy_config(ref nint config);
    [LibraryImport(Library)] public static partial State duckdb_connect(DatabaseHandle database, out nint connection);
    [LibraryImport(Library)] public static partial void duckdb_disconnect(ref nint connection);
    [LibraryImport(Library)] public static partial void duckdb_interrupt(ConnectionHandle connection);
    [LibraryImport(Library)] public static partial QueryProgress duckdb_query_progress(ConnectionHandle connection);

    // Statements
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial ulong duckdb_extract_statements(ConnectionHandle connection, string sql, out nint statements);
    [LibraryImport(Library)] public static partial byte* duckdb_extract_statements_error(nint statements);
    [LibraryImport(Library)]
    public static partial State duckdb_prepare_extracted_statement(ConnectionHandle connection, nint statements, ulong index, out nint statement);
    [LibraryImport(Library)] public static partial void duckdb_destroy_extracted(ref nint statements);
    [LibraryImport(Library)] public static partial byte* duckdb_prepare_error(nint statement);
    [LibraryImport(Library)] public static partial void duckdb_destroy_prepare(ref nint statement);
    [LibraryImport(Library)] public static partial StatementType duckdb_prepared_statement_type(StatementHandle statement);
    [LibraryImport(Library)] public static partial ulong duckdb_prepared_statement_column_count(StatementHandle statement);
    [LibraryImport(Library)] public static partial byte* duckdb_prepared_statement_column_name(StatementHandle statement, ulong column);
    [LibraryImport(Library)] public static partial nint duckdb_prepared_statement_column_logical_type(StatementHandle statement, ulong column);

    // Results
    [LibraryImport(Library)] public static partial State duckdb_pending_prepared_streaming(StatementHandle statement, out nint pending);
    [LibraryImport(Library)] public static partial State duckdb_pending_prepared(StatementHandle statement, out nint pending);
    [LibraryImport(Library)] public static partial byte* duckdb_pending_error(nint pending);
    [LibraryImport(Library)] public static partial State duckdb_execute_pending(nint pending, out Result result);
    [LibraryImport(Library)] public static partial void duckdb_destroy_pending(ref nint pending);
    [LibraryImport(Library)] public static partial byte* duckdb_result_error(ref Result result);
    [LibraryImport(Library)] public static partial ErrorType duckdb_result_error_type(ref Result result);
    [LibraryImport(Library)] public static partial ulong duckdb_column_count(ref Result result);
    [LibraryImport(Library)] public static partial byte* duckdb_column_name(ref Result result, ulong column);
    [LibraryImport(Library)] public static partial nint duckdb_column_logical_type(ref Result result, ulong column);
    [LibraryImport(Library)] public static partial nint duckdb_fetch_chunk(Result result);
    [LibraryImport(Library)] public static partial void duckdb_destroy_result(ref Result result);

    // Chunks and vectors
    [LibraryImport(Library)] public static partial void duckdb_destroy_data_chunk(ref nint chunk);
    [LibraryImport(Library), SuppressGCTransition] public static partial ulong duckdb_data_chunk_get_size(nint chunk);
    [LibraryImport(Library), SuppressGCTransition] public static partial nint duckdb_data_chunk_get_vector(nint chunk, ulong column);
    [LibraryImport(Library), SuppressGCTransition] public static partial void* duckdb_vector_get_data(nint vector);
    [LibraryImport(Library), SuppressGCTransition] public static partial ulong* duckdb_vector_get_validity(nint vector);
    [LibraryImport(Library), SuppressGCTransition] public static partial nint duckdb_list_vector_get_child(nint vector);
    [LibraryImport(Library), SuppressGCTransition] public static partial ulong duckdb_list_vector_get_size(nint vector);
    [LibraryImport(Library), SuppressGCTransition] public static partial nint duckdb_array_vector_get_child(nint vector);

    // Types
    [LibraryImport(Library)] public static partial TypeId duckdb_get_type_id(nint type);
    [LibraryImport(Library)] public static partial byte duckdb_decimal_width(nint type);
    [LibraryImport(Library)] public static partial byte duckdb_decimal_scale(nint type);
    [LibraryImport(Library)] public static partial TypeId duckdb_decimal_internal_type(nint type);
    [LibraryImport(Library)] public static partial TypeId duckdb_enum_internal_type(nint type);
    [LibraryImport(Library)] public static partial uint duckdb_enum_dictionary_size(nint type);
    [LibraryImport(Library)] public static partial byte* duckdb_enum_dictionary_value(nint type, ulong index);
    [LibraryImport(Library)] public static partial nint duckdb_list_type_child_type(nint type);
    [LibraryImport(Library)] public static partial nint duckdb_array_type_child_type(nint type);
    [LibraryImport(Library)] public static partial ulong duckdb_array_type_array_size(nint type);
    [LibraryImport(Library)] public static partial void duckdb_destroy_logical_type(ref nint type);

    // Batches in, as an Arrow stream
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial State duckdb_arrow_scan(ConnectionHandle connection, string view, ArrowStream* stream);

    /// <summary>A text that DuckDB keeps.</summary>
    public static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    /// <summary>A text that DuckDB hands over.</summary>
    public static string TakeText(byte* text)
    {
        var copy = Text(text);
        duckdb_free(text);
        return copy;
    }
}
