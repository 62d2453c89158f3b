/** The part of dcmjs that is used: it carries no types. */
declare module 'dcmjs' {
  const dcmjs: {
    readonly data: {
      readonly DicomDict: new (meta: object) => {
        dict: object;
        write(): ArrayBuffer; // Part 10: 128 zero bytes, 'DICM', meta group, data set
      };
      readonly DicomMetaDictionary: {
        /** Keywords -> tags with value representations. */
        denaturalizeDataset(dataset: object): object;
        /** By '(0010,0010)', in capitals. `vr` may also be 'ox' (OB or OW) or 'xs' (US or SS). */
        readonly dictionary: Readonly<
          Record<string, { readonly vr: string; readonly name: string } | undefined>
        >;
      };
      /** sRGB of 0 to 1 and CIELab of white point D65 as 16-bit numbers (not yet whole ones). */
      readonly Colors: {
        rgb2DICOMLAB(rgb: readonly number[]): readonly number[];
        dicomlab2RGB(lab: readonly number[]): readonly number[];
      };
    };
  };
  export default dcmjs;
}
