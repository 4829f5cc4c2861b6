import * as ts from 'typescript';
import { isPure, isShipped, isSource, lineOf, nodeRule } from './house';
import type { Rule } from './house';

const longestFunction = 59;

const topology = /^(is)?(embedded|distributed)$/i;
const emptyName = /(Impl|Manager|Helpers?|Utils?)$/;

// Topology is chosen in main.ts, a verb of the CLI included; an engine may know what it is.
const topologyChosenHere = (path: string) =>
  /^apps\/[^/]+\/src\/main\.ts$/.test(path) || path.startsWith('libs/engines/');
const environmentReadHere = (path: string) =>
  /^apps\/[^/]+\/src\/main\.ts$/.test(path) ||
  path.startsWith('apps/cli/') ||
  /^libs\/nest\/src\/([^/]*-)?config(-[^/]*)?\.ts$|^libs\/nest\/src\/config\//.test(path);

export const styleRules: readonly Rule[] = [
  nodeRule('no-any', 'unknown until parsed', isSource, (node) => node.kind === ts.SyntaxKind.AnyKeyword),
  nodeRule('no-non-null', 'prove it or handle it', isSource, ts.isNonNullExpression),
  nodeRule(
    'no-as-in-pure-libs',
    'a cast in a pure lib hides a missing type or a missing check; `as const` and `satisfies` are fine',
    isPure,
    (node) =>
      (ts.isAsExpression(node) || ts.isTypeAssertionExpression(node)) && !ts.isConstTypeReference(node.type),
  ),
  nodeRule(
    'short-functions',
    'under 60 lines, from its first line to its last',
    isShipped,
    (node, file) =>
      ts.isFunctionLike(node) &&
      lineOf(file, node.getEnd()) - lineOf(file, node.getStart(file)) + 1 > longestFunction,
  ),
  nodeRule(
    'no-i-prefix',
    'an interface is named after what it is',
    isSource,
    (node) => declaresType(node) && /^I[A-Z][a-z]/.test(node.name.text),
  ),
  nodeRule(
    'no-empty-names',
    'Impl, Manager, Helper and Utils say nothing about what a class or type does',
    isSource,
    (node) => (declaresType(node) || ts.isClassDeclaration(node)) && emptyName.test(node.name?.text ?? ''),
  ),
  nodeRule(
    'no-topology-checks',
    'topology is chosen in main.ts; everything else gets a port',
    (path) => isShipped(path) && !topologyChosenHere(path),
    (node) => conditionsOf(node).some(mentionsTopology),
  ),
  nodeRule(
    'environment-in-config-only',
    'process.env is read and validated in libs/nest config, main.ts and the CLI',
    (path) => isShipped(path) && !environmentReadHere(path),
    readsEnvironment,
  ),
];

const declaresType = (node: ts.Node): node is ts.InterfaceDeclaration | ts.TypeAliasDeclaration =>
  ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);

function conditionsOf(node: ts.Node): ts.Node[] {
  if (ts.isIfStatement(node) || ts.isSwitchStatement(node)) return [node.expression];
  if (ts.isConditionalExpression(node)) return [node.condition];
  if (ts.isCaseClause(node)) return [node.expression];
  return [];
}

function mentionsTopology(node: ts.Node): boolean {
  const named = (ts.isIdentifier(node) || ts.isStringLiteralLike(node)) && topology.test(node.text);
  return named || (ts.forEachChild(node, (child) => mentionsTopology(child) || undefined) ?? false);
}

function readsEnvironment(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) {
    return node.name.text === 'env' && ts.isIdentifier(node.expression) && node.expression.text === 'process';
  }
  if (ts.isElementAccessExpression(node)) {
    const { expression, argumentExpression: key } = node;
    return (
      ts.isIdentifier(expression) &&
      expression.text === 'process' &&
      ts.isStringLiteralLike(key) &&
      key.text === 'env'
    );
  }
  if (ts.isBindingElement(node) && ts.isVariableDeclaration(node.parent.parent)) {
    const from = node.parent.parent.initializer;
    const key = node.propertyName ?? node.name;
    return (
      !!from && ts.isIdentifier(from) && from.text === 'process' && ts.isIdentifier(key) && key.text === 'env'
    );
  }
  if (ts.isImportSpecifier(node)) {
    const from = node.parent.parent.parent.moduleSpecifier;
    const imported = (node.propertyName ?? node.name).text;
    return imported === 'env' && ts.isStringLiteral(from) && /^(node:)?process$/.test(from.text);
  }
  return false;
}
