/** What `inspect-page.js` finds in a page. */
export interface Inspection {
  overflow: number;
  images: number;
  brokenImages: number;
  unnamed: string[];
  isDark: boolean;
  contrast: number;
  headings: string[];
}
