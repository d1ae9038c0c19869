"""Pages of the open portal: nobody signs in, nothing here knows a person."""
