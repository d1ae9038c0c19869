"""The world outside identity: engines that read pictures, card readers beside the browser."""
