/// What a client can learn about the schema.
public enum Introspection {
    /// The answer to `query-qmp-schema`: a list of `SchemaInfo`.
    public static let schema: JSONValue = {
        do { return try JSONValue(parsing: text) } catch {
            preconditionFailure("the generated schema is not JSON: \(error)")
        }
    }()
}
