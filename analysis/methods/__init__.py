"""Methods of explanation as records: registries, settings, and the reports that they return."""
