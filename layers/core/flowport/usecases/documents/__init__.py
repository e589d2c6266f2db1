"""Jobs whose client keeps a document with them: sync it, change it, read it and its history."""
