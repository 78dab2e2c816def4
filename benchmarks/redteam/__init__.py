"""A hunt for completions that break what SECURITY.md promises: corpora, mutated, against every judge that ships."""
