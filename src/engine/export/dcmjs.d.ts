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
      };
    };
  };
  export default dcmjs;
}
