// What a page can do beyond showing its tables. Everything is readable without it.
"use strict";
