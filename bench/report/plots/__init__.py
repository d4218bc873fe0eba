"""The page's pictures as inline SVG: drawn by matplotlib, inked in the colour of the text around them."""
