/// The Unicode facts that tokenisation rests upon, as Hugging Face `tokenizers` sees them.
///
/// The standard library's `Unicode.Scalar.Properties` is a different version of Unicode, so a letter that is newer than
/// the model's tokeniser would be split differently. The tables in the extensions are generated.
enum UnicodeTables {}
