/** Pages are bundled into the Worker as texts. */
declare module "*.md" {
  const text: string;
  export default text;
}
