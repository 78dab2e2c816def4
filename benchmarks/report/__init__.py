"""Running experiments and showing what came of them: progress, tables, pictures, pages."""
