"""What lies in a store and stays there: listed, read in part, downloaded; whatever store it is."""
