/** What a segment can be: codes of SNOMED CT as DICOM's PS3.16 has them; a test looks each up in pydicom's copy. */
export interface Code {
  readonly value: string;
  readonly scheme: 'SCT' | 'DCM';
  readonly meaning: string;
}

export const sct = (value: string, meaning: string): Code => ({ value, scheme: 'SCT', meaning });

export const ANATOMICAL_STRUCTURE = sct('91723000', 'Anatomical Structure');
export const ABNORMAL_STRUCTURE = sct('49755003', 'Morphologically Abnormal Structure');
export const TISSUE = sct('85756007', 'Tissue');
export const LEFT = sct('7771000', 'Left');
export const RIGHT = sct('24028007', 'Right');

/** A structure of the list that users choose from. */
export interface Structure {
  readonly category: Code;
  readonly type: Code;
  /** Has a left and a right one. */
  readonly paired: boolean;
}

const organ = (type: Code): Structure => ({ category: ANATOMICAL_STRUCTURE, type, paired: false });
const pair = (type: Code): Structure => ({ category: ANATOMICAL_STRUCTURE, type, paired: true });
const tissue = (type: Code): Structure => ({ category: TISSUE, type, paired: false });
const abnormal = (type: Code): Structure => ({ category: ABNORMAL_STRUCTURE, type, paired: false });

export const structures: readonly Structure[] = [
  organ(sct('15776009', 'Pancreas')),
  organ(sct('28231008', 'Gallbladder')),
  organ(sct('69695003', 'Stomach')),
  organ(sct('32849002', 'Esophagus')),
  organ(sct('38848004', 'Duodenum')),
  organ(sct('30315005', 'Small intestine')),
  organ(sct('71854001', 'Colon')),
  organ(sct('34402009', 'Rectum')),
  organ(sct('15825003', 'Aorta')),
  organ(sct('64131007', 'Inferior vena cava')),
  organ(sct('32764006', 'Portal vein')),
  organ(sct('81040000', 'Pulmonary artery')),
  organ(sct('80891009', 'Heart')),
  organ(sct('87878005', 'Left ventricle')),
  organ(sct('53085002', 'Right ventricle')),
  organ(sct('82471001', 'Left atrium')),
  organ(sct('73829009', 'Right atrium')),
  organ(sct('44567001', 'Trachea')),
  pair(sct('955009', 'Bronchus')),
  organ(sct('91609006', 'Mandible')),
  organ(sct('89546000', 'Skull')),
  organ(sct('51282000', 'Vertebra')),
  pair(sct('113197003', 'Rib')),
  organ(sct('56873002', 'Sternum')),
  pair(sct('51299004', 'Clavicle')),
  pair(sct('79601000', 'Scapula')),
  pair(sct('85050009', 'Humerus')),
  pair(sct('131190003', 'Radius')),
  pair(sct('23416004', 'Ulna')),
  pair(sct('71341001', 'Femur')),
  pair(sct('64234005', 'Patella')),
  pair(sct('12611008', 'Tibia')),
  pair(sct('87342007', 'Fibula')),
  organ(sct('816092008', 'Pelvis')),
  organ(sct('54735007', 'Sacrum')),
  organ(sct('2748008', 'Spinal cord')),
  pair(sct('23451007', 'Adrenal gland')),
  pair(sct('64033007', 'Kidney')),
  pair(sct('87953007', 'Ureter')),
  organ(sct('10200004', 'Liver')),
  organ(sct('78961009', 'Spleen')),
  pair(sct('39607008', 'Lung')),
  pair(sct('3120008', 'Pleura')),
  organ(sct('5798000', 'Diaphragm')),
  organ(sct('41216001', 'Prostate')),
  pair(sct('64739004', 'Seminal Vesicle')),
  pair(sct('40689003', 'Testis')),
  organ(sct('35039007', 'Uterus')),
  pair(sct('15497006', 'Ovary')),
  pair(sct('76752008', 'Breast')),
  pair(sct('81745001', 'Eye')),
  pair(sct('78076003', 'Lens')),
  pair(sct('18234004', 'optic nerve')),
  organ(sct('244453006', 'Optic chiasm')),
  pair(sct('45289007', 'Parotid gland')),
  pair(sct('54019009', 'Submandibular gland')),
  organ(sct('21974007', 'Tongue')),
  organ(sct('4596009', 'Larynx')),
  pair(sct('32062004', 'Common carotid artery')),
  organ(sct('12738006', 'Brain')),
  organ(sct('113305005', 'Cerebellum')),
  organ(sct('119238007', 'Brain Stem')),
  pair(sct('42695009', 'Thalamus')),
  pair(sct('5366008', 'Hippocampus')),
  pair(sct('4958002', 'Amygdala')),
  pair(sct('11000004', 'Caudate Nucleus')),
  pair(sct('89278009', 'Putamen')),
  pair(sct('14738005', 'Globus Pallidus')),
  pair(sct('66720007', 'Lateral Ventricle')),
  organ(sct('49841001', 'Third ventricle')),
  organ(sct('35918002', 'Fourth Ventricle')),
  organ(sct('88442005', 'Corpus callosum')),
  organ(sct('40146001', 'Cerebral cortex')),
  organ(sct('68523003', 'Cerebral White Matter')),
  organ(sct('59441001', 'Lymph Node')),
  organ(sct('127954009', 'Skeletal muscle')),
  organ(sct('272673000', 'Bone')),
  tissue(sct('256674009', 'Fat')),
  organ(sct('39937001', 'Skin')),
  tissue(sct('87612001', 'Blood')),
  abnormal(sct('108369006', 'Neoplasm')),
  abnormal(sct('52988006', 'Lesion')),
  abnormal(sct('27925004', 'Nodule')),
  abnormal(sct('4147007', 'Mass')),
  abnormal(sct('367643001', 'Cyst')),
  abnormal(sct('35566002', 'Hematoma')),
  abnormal(sct('50960005', 'Hemorrhage')),
  abnormal(sct('79654002', 'Edema')),
  abnormal(sct('6574001', 'Necrosis')),
  abnormal(sct('60046008', 'Pleural effusion')),
];

/**
 * Structures whose name has every word of a text, those that begin with it first; a paired one stands there with its
 * sides where the text names one.
 */
export function searchStructures(
  text: string,
): readonly (Structure & { readonly side: Code | null })[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const side = words.includes('left') ? LEFT : words.includes('right') ? RIGHT : null;
  const sought = words.filter((word) => word !== 'left' && word !== 'right');
  const found = structures
    .filter(({ type }) => words.every((word) => type.meaning.toLowerCase().includes(word)))
    .map((structure) => ({ ...structure, side: null }));
  const sided =
    side === null
      ? []
      : structures
          .filter(
            ({ type, paired }) =>
              paired && sought.every((word) => type.meaning.toLowerCase().includes(word)),
          )
          .map((structure) => ({ ...structure, side }));
  const begins = ({ type }: Structure): number =>
    type.meaning.toLowerCase().startsWith(sought[0] ?? '') ? 0 : 1;
  return [...found, ...sided].sort((a, b) => begins(a) - begins(b));
}
