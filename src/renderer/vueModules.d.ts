// For tools that read TypeScript without vue-tsc (ESLint): a .vue file is a component. vue-tsc knows better.
declare module '*.vue' {
  import type { DefineComponent } from 'vue';
  const component: DefineComponent;
  export default component;
}
