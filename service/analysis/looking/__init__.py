"""Views: pictures that help a person look at a file. Aids, none of which decides anything."""
