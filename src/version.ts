/** The package's version, for files that say what wrote them; a test keeps it equal to package.json's. */
export const VERSION = '0.1.0';
